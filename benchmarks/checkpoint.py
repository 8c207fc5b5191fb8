"""The checkpoint that benchmarks run on: the one that is named, else a synthetic one made once."""

from pathlib import Path
from typing import Literal

CACHE = Path(__file__).parents[1] / ".cache" / "checkpoints"


def find_or_write(named: Path | None, t3: Literal["full", "small"]) -> Path:
    """Return a checkpoint's directory, writing a synthetic one (1.2 or 3 GB) where none is named."""
    if named is not None:
        return named
    from worker.engine.chatterbox.synthetic import write_synthetic_checkpoint
    from worker.engine.checkpoint import missing_files

    directory = CACHE / t3
    if not directory.is_dir() or missing_files(directory):
        write_synthetic_checkpoint(directory, t3=t3)
    return directory
