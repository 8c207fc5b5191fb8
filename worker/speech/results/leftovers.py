"""What crashes leave behind in a results directory, and how long it stays."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

PARTS = ".parts"
UNFINISHED = ".unfinished"
PARTS_SECONDS = 7 * 24 * 3600
"""Nobody goes on with a job for which nobody came in a week: RunPod's queue keeps none for longer."""
UNFINISHED_SECONDS = 3600
"""A file that is being written grows every few seconds."""


def sweep(directory: Path) -> None:
    """Remove what nobody will come back for: parts of jobs, results and notes that were being written."""
    remove_older(directory / PARTS, PARTS_SECONDS)
    remove_older(directory / UNFINISHED, UNFINISHED_SECONDS)
    remove_older(directory, UNFINISHED_SECONDS, ".*.unfinished")  # as voices/whole_file.py names them


def remove_older(directory: Path, seconds: float, names: str = "*") -> None:
    """Remove the files and folders in ``directory`` that have not changed for so long."""
    with suppress(OSError):  # it need not be there
        for entry in directory.glob(names):
            with suppress(OSError):  # another worker was quicker
                if time.time() - entry.stat().st_mtime > seconds:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
