"""A volume that can be unmounted: a link to a directory on another file system, then a dangling link."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Volume:
    """``root`` is where it is seen."""

    def __init__(self, root: Path, directory: str) -> None:
        self.root = root
        self._directory = directory
        self.bring_back()

    def take_away(self) -> None:
        """Unmount it: its mount point, on the machine's own disk, is gone too."""
        self.root.unlink()
        self.root.symlink_to(self.root.with_name("unmounted"))

    def bring_back(self) -> None:
        """Mount it, for the first time or again."""
        self.root.unlink(missing_ok=True)
        self.root.symlink_to(self._directory)


@contextmanager
def volume(root: Path) -> Iterator[Volume]:
    """Mount an empty one at ``root``."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        yield Volume(root, directory)
