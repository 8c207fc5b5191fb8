"""Removal of the files that crashes leave in a results directory."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

PARTS = ".parts"
UNFINISHED = ".unfinished"
PARTS_SECONDS = 7 * 24 * 3600
"""Age at which parts are removed: RunPod's queue keeps no job for longer than a week."""
UNFINISHED_SECONDS = 3600
"""Age at which an unfinished file is removed: one that is being written changes every few seconds."""


def sweep(directory: Path) -> None:
    """Remove abandoned files: parts of jobs, and unfinished results and notes."""
    remove_older(directory / PARTS, PARTS_SECONDS)
    remove_older(directory / UNFINISHED, UNFINISHED_SECONDS)
    remove_older(directory, UNFINISHED_SECONDS, ".*.unfinished")  # as voices/whole_file.py names them


def remove_older(directory: Path, seconds: float, names: str = "*") -> None:
    """Remove the files and folders in ``directory`` that have not changed for ``seconds``."""
    with suppress(OSError):  # the directory may not exist
        for entry in directory.glob(names):
            with suppress(OSError):  # another worker may have removed it
                if time.time() - entry.stat().st_mtime > seconds:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
