"""Where voices are kept: a flat space of keys such as ``anna/voice.json``."""

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
"""Of any file: a voice's take a megabyte, and a clip that somebody dropped into the directory at most 200."""
_PIECE_BYTES = 1024 * 1024


class FileTooLarge(Exception):  # a fact, as FileNotFoundError is
    """A file has more bytes than its reader wants; none of them was kept."""


class Store(Protocol):
    """Files under keys; a key has one or two parts, ``name`` or ``folder/name``.

    Every method raises ``StoreFailure`` when the store cannot be reached, read or written.
    """

    parallel: int
    """How many calls at once are worth making: 1 for a disk, more where each is a round trip."""

    def names(self) -> list[str]:
        """List the top level, sorted: folders and files alike. Empty when there is no store yet."""
        ...

    def files(self, folder: str) -> list[str]:
        """List a folder's files, sorted, by name; those of interrupted writes too, which begin with a dot."""
        ...

    def version(self, key: str) -> str | None:
        """Return what changes whenever the file does; None when there is no such file."""
        ...

    def read(self, key: str, most: int = MOST_BYTES) -> bytes:
        """Return the file; raises ``FileNotFoundError``, and ``FileTooLarge`` beyond ``most`` bytes."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Write the file, so that a reader sees all of it or none."""
        ...

    def delete(self, key: str) -> None:
        """Remove the file, and its folder once empty; nothing happens when it is not there."""
        ...

    def prune(self, folder: str) -> None:
        """Remove a folder that is empty."""
        ...


def key_parts(key: str) -> list[str]:
    """Split a key; raises ``ValueError`` for one that could lead outside the store."""
    parts = key.split("/")
    if len(parts) > _MAX_PARTS or any(part in _NO_NAMES or "\0" in part for part in parts):
        raise ValueError(f"{key!r} is not a key of a store")
    return parts


VARIABLE = "VOICES_DIR"
"""What a worker's clients are told in place of a directory."""
_MAX_PARTS = 2
_ATTEMPTS = 100
_GONE_FOR_S = 10.0
_NO_NAMES = {"", ".", ".."}


class DirectoryStore(Store):
    """A directory on a disk, or a mounted network volume."""

    parallel = 1

    def __init__(self, root: Path) -> None:
        self.root = root
        self._device: int | None = None
        """The file system that it was seen on; None until it is."""

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
        with self._failures(f"look at {key} in"):
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
            self._check_there()  # else a folder would be made in a volume's place
            try:
                with _opened(path) as file:
                    file.write(data)
            except FileNotFoundError as error:
                removed = "{} was removed from {} while it was written."
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
        with suppress(OSError):  # not empty, or not there
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
        """Raise ``StoreFailure`` where the root was there and is gone; one that was never made is empty.

        Gone is also a volume of which nothing but its mount point is left, an empty folder of another disk.
        A directory whose disk is still there has been removed, as S3's servers do with the last file: it is
        empty.
        """
        is_there = self.root.is_dir()
        device = _device_of(self.root)
        if self._device not in {None, device} and not (is_there and _has_files(self.root)):
            gone = "Could not find {}, which was there before: is its volume still mounted?"
            raise StoreFailure(gone.format(self.root), told=gone.format(VARIABLE), retry_after_s=_GONE_FOR_S)
        if is_there:
            self._device = device

    @contextmanager
    def _failures(self, attempt: str) -> Iterator[None]:
        _got_on.get()()
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreFailure.of(error, attempt, self.root, VARIABLE) from error


@contextmanager
def watched_by(got_on: Callable[[], None]) -> Iterator[None]:
    """Call ``got_on`` before each step that a directory's store takes: it says that the last one ended."""
    token = _got_on.set(got_on)
    try:
        yield
    finally:
        _got_on.reset(token)


_got_on: ContextVar[Callable[[], None]] = ContextVar("got_on", default=lambda: None)


def _read(file: BinaryIO, most: int) -> bytes:
    """Read a file piece by piece: its size may be a lie, and a slow volume gets on all the same."""
    pieces, size = [], 0
    while piece := file.read(_PIECE_BYTES):
        _got_on.get()()
        size += len(piece)
        if size > most:
            raise FileTooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _device_of(directory: Path) -> int:
    """Return the file system that a directory is on, or would be."""
    for place in (path := directory.resolve(), *path.parents):
        with suppress(FileNotFoundError, NotADirectoryError):
            return place.stat().st_dev
    raise FileNotFoundError(directory)


def _has_files(directory: Path) -> bool:
    with os.scandir(directory) as entries:
        return any(True for _ in entries)


def _opened(path: Path) -> WholeFile:
    """Begin a file, in a folder that is made for it."""
    for _ in range(_ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another writer may prune the folder, still empty, before the file is in it.
        with suppress(FileNotFoundError):
            return WholeFile(path, mode=0o644)  # the worker may be another user
    raise OSError(errno.EBUSY, "the folder is being removed again and again", str(path.parent))
