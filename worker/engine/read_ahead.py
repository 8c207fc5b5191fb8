"""Read a checkpoint from the disk while something else is under way. Never imports torch."""

import os
import threading
from pathlib import Path

from worker.engine.checkpoint import S3GEN_FILE, T3_FILE


def read_ahead(checkpoint: Path) -> None:
    """Let the system begin to read the large files; returns at once, and fails unheard.

    From a cold disk that takes as long as importing torch does.
    """
    if hasattr(os, "posix_fadvise"):
        threading.Thread(target=_advise, args=(checkpoint,), name="read-ahead", daemon=True).start()


def _advise(checkpoint: Path) -> None:
    for name in (T3_FILE, S3GEN_FILE):
        try:
            with (checkpoint / name).open("rb", buffering=0) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
        except OSError:  # whoever loads it says what is wrong
            return
