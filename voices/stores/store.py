"""The store interface, a flat space of keys such as ``anna/voice.json``, and the store in a directory."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO, Protocol

from typing_extensions import override

from voices.errors import StoreFailure
from voices.whole_file import WholeFile

MOST_BYTES = 256 * 1024 * 1024
"""Upper bound for any file: a voice's files take a megabyte, a bare clip at most 200."""
_PIECE_BYTES = 1024 * 1024


class FileTooLarge(Exception):  # named like FileNotFoundError
    """A file is larger than the reader's limit."""


class Store(Protocol):
    """Files under keys; a key has one or two parts, ``name`` or ``folder/name``.

    Every method raises ``StoreFailure`` when the store cannot be reached, read or written.
    """

    parallel: int
    """Useful number of concurrent calls: 1 for a disk, more if each call is a network round trip."""

    def names(self) -> list[str]:
        """List the top level's folders and files, sorted. A store that does not exist yet is empty."""
        ...

    def files(self, folder: str) -> list[str]:
        """List a folder's file names, sorted, including those of interrupted writes (``.name...``)."""
        ...

    def version(self, key: str) -> str | None:
        """Return a token that changes whenever the file does; None if the file does not exist."""
        ...

    def read(self, key: str, most: int = MOST_BYTES) -> bytes:
        """Return the content; raises ``FileNotFoundError``, and ``FileTooLarge`` above ``most`` bytes."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Write the file atomically: a reader sees all of it or none."""
        ...

    def delete(self, key: str) -> None:
        """Remove the file, and its folder once empty; a missing file is ignored."""
        ...

    def prune(self, folder: str) -> None:
        """Remove a folder if it is empty."""
        ...


def key_parts(key: str) -> list[str]:
    """Split a key; raises ``ValueError`` for one that could escape from the store."""
    parts = key.split("/")
    if len(parts) > _MAX_PARTS or any(part in _NO_NAMES or "\0" in part for part in parts):
        raise ValueError(f"{key!r} is not a key of a store")
    return parts


VARIABLE = "VOICES_DIR"
"""Replaces the directory's path in messages to a worker's clients."""
_MAX_PARTS = 2
_ATTEMPTS = 100
_REMOUNT_RETRY_S = 10.0
_NO_NAMES = {"", ".", ".."}


class DirectoryStore(Store):
    """A directory on a disk or a mounted network volume."""

    parallel = 1

    def __init__(self, root: Path) -> None:
        self.root = root
        self._device: int | None = None
        """Device number of the file system on which ``root`` was last seen; None until then."""

    def __str__(self) -> str:
        return str(self.root)

    @override
    def names(self) -> list[str]:
        return [name for name in self._listing(self.root) if not name.startswith(".")]

    @override
    def files(self, folder: str) -> list[str]:
        return self._listing(self._path(folder))

    @override
    def version(self, key: str) -> str | None:
        with self._failures(f"check {key} in"):
            try:
                status = self._path(key).stat()
            except (FileNotFoundError, NotADirectoryError):
                self._check_there()
                return None
            if self._device is None:
                self._device = self.root.stat().st_dev
        return f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"

    @override
    def read(self, key: str, most: int = MOST_BYTES) -> bytes:
        with self._failures(f"read {key} from"), self._path(key).open("rb", buffering=0) as file:
            return _read(file, most)

    @override
    def write(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with self._failures(f"write {key} to"):
            self._check_there()  # else the write would create a folder in place of an unmounted volume
            try:
                with _opened(path) as file:
                    file.write(data)
            except FileNotFoundError as error:
                removed = "{} was removed from {} while it was being written."
                raise StoreFailure(
                    removed.format(key, self.root), told=removed.format(key, VARIABLE)
                ) from error

    @override
    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._failures(f"delete {key} from"):
            path.unlink(missing_ok=True)
            if path.parent != self.root:
                self.prune(path.parent.name)

    @override
    def prune(self, folder: str) -> None:
        with suppress(OSError):  # not empty, or missing
            self._path(folder).rmdir()

    def _path(self, key: str) -> Path:
        return self.root.joinpath(*key_parts(key))

    def _listing(self, directory: Path) -> list[str]:
        with self._failures("list"):
            try:
                with os.scandir(directory) as entries:
                    found = sorted(entry.name for entry in entries)
            except (FileNotFoundError, NotADirectoryError):
                found = []
            if not found:
                self._check_there()
            return found

    def _check_there(self) -> None:
        """Raise ``StoreFailure`` if the root has disappeared; one that never existed counts as empty.

        An unmounted volume has disappeared too: its mount point is an empty folder of another file system.
        A missing directory on a file system that is still mounted was removed, as S3 servers do with the
        last file, and counts as empty.
        """
        is_there = self.root.is_dir()
        device = _device_of(self.root)
        if self._device not in {None, device} and not (is_there and _has_files(self.root)):
            gone = "Could not find {}, which existed before: is its volume still mounted?"
            raise StoreFailure(
                gone.format(self.root), told=gone.format(VARIABLE), retry_after_s=_REMOUNT_RETRY_S
            )
        if is_there:
            self._device = device

    @contextmanager
    def _failures(self, attempt: str) -> Iterator[None]:
        _on_progress.get()()
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreFailure.of(error, attempt, self.root, VARIABLE) from error


@contextmanager
def watched_by(on_progress: Callable[[], None]) -> Iterator[None]:
    """Call ``on_progress`` before each file operation of a directory store, for timeouts without progress."""
    token = _on_progress.set(on_progress)
    try:
        yield
    finally:
        _on_progress.reset(token)


_on_progress: ContextVar[Callable[[], None]] = ContextVar("on_progress", default=lambda: None)


def _read(file: BinaryIO, most: int) -> bytes:
    """Read a file in pieces, to bound its size and to report progress on a slow volume."""
    pieces, size = [], 0
    while piece := file.read(_PIECE_BYTES):
        _on_progress.get()()
        size += len(piece)
        if size > most:
            raise FileTooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _device_of(directory: Path) -> int:
    """Return the device number of the file system that a directory is on, or would be on."""
    for place in (path := directory.resolve(), *path.parents):
        with suppress(FileNotFoundError, NotADirectoryError):
            return place.stat().st_dev
    raise FileNotFoundError(directory)


def _has_files(directory: Path) -> bool:
    with os.scandir(directory) as entries:
        return any(True for _ in entries)


def _opened(path: Path) -> WholeFile:
    """Open a file for writing, and create its folder."""
    for _ in range(_ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another writer may prune the new folder while it is still empty.
        with suppress(FileNotFoundError):
            return WholeFile(path, mode=0o644)  # readable for a worker that runs as another user
    raise OSError(errno.EBUSY, "the folder is repeatedly being removed", str(path.parent))
