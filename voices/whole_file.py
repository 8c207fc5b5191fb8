"""A file that appears when it is whole: under its name is the older one or all of the new one, never a part.

What is no file is not replaced: a device, a FIFO or a terminal is written through, once everything is
there; a symbolic link stays, and what it leads to is replaced; a directory is refused.

It stands on Python alone, and is the one module of ours that the client imports too.
"""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_LONGEST_PREFIX = 200
"""Of the 255 bytes that a name may have."""
_OPEN_ALREADY = {("/", "dev", "stdout"), ("/", "dev", "stderr"), ("/", "dev", "fd")}
"""Names of what a shell has opened: to replace the file behind them would take it from the shell."""


class WholeFile:
    """Takes what is written to ``file``, which can be read and sought too; ``complete`` makes it appear.

    A context manager, which completes it unless the block raises; then nothing is left of it, and an
    older file stays. Raises ``OSError``, with the path and a reason that a person understands, at once
    for a path that cannot be written.
    """

    def __init__(self, path: Path | str, *, mode: int | None = None) -> None:
        """Open it; ``mode`` is the file's permissions: by default the older file's, else the usual."""
        self.path = Path(path)
        with _naming(self.path):
            older = _status(self.path)
            self._target = None if older and _is_written_through(self.path, older) else _resolved(self.path)
            folder = Path(tempfile.gettempdir()) if self._target is None else self._target.parent
            # Beside its final place: only a rename within one file system is atomic.
            self.partial = folder / f".{_prefix(self.path.name)}.{secrets.token_hex(6)}.unfinished"
            """Where it is until it is whole, for what writes files by name."""
            handle = os.open(self.partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self.file = os.fdopen(handle, "w+b")
        if mode is None and older is not None and self._target is not None:
            mode = stat.S_IMODE(older.st_mode)
        if mode is not None:
            with suppress(OSError):  # file systems without permissions
                os.fchmod(handle, mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.complete()
        finally:
            self.discard()

    def write(self, data: bytes) -> None:
        """Add bytes."""
        with _naming(self.path):
            self.file.write(data)

    def complete(self) -> None:
        """Let it appear; once is enough. A FIFO waits for its reader."""
        if self.file.closed:
            return
        with _naming(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())
            if self._target is None:
                self._write_through()
            else:
                self.file.close()
                self.partial.replace(self._target)

    def discard(self) -> None:
        """Leave nothing behind of what was not completed."""
        # On a full disk closing fails, since it writes; the file is closed, and has to go, all the same.
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self.partial.unlink()

    def _write_through(self) -> None:
        with open(os.open(self.path, os.O_WRONLY | os.O_TRUNC), "wb") as through:  # noqa: PTH123 - of a handle
            self.file.seek(0)
            shutil.copyfileobj(self.file, through)
        self.file.close()


def check_writable(path: Path | str) -> None:
    """Raise the ``OSError`` that ``WholeFile`` would: to be asked before long work."""
    WholeFile(path).discard()


def put_in_place(file: Path, target: Path) -> None:
    """Move a finished file to ``target``, in place of an older one; both on one file system."""
    with _naming(target):
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(_resolved(target))


def is_standard_output(path: Path) -> bool:
    """Whether what is written to ``path`` goes where this process prints."""
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:
        return False


def why(error: OSError) -> str:
    """Say in a sentence what could not be done with which file."""
    about = f"{error.filename}: " if error.filename else ""
    return f"{about}{error.strerror or error}."


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error name the file that was meant, and not the one beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


def _status(path: Path) -> os.stat_result | None:
    """Look at what is there; raises for what is no place for a file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        if not _resolved(path).parent.is_dir():
            raise OSError(errno.ENOENT, f"there is no folder {_resolved(path).parent}") from None
        return None
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a directory: name a file in it")
    if stat.S_ISSOCK(status.st_mode):
        raise OSError(errno.ENXIO, "it is a socket, which nothing can be written to by name")
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return status


def _is_written_through(path: Path, status: os.stat_result) -> bool:
    parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 - resolve() would follow the link
    return not stat.S_ISREG(status.st_mode) or parts[:3] in _OPEN_ALREADY or parts[:2] == ("/", "proc")


def _resolved(path: Path) -> Path:
    """Follow symbolic links to where the file is, or will be."""
    return Path(os.path.realpath(path))


def _prefix(name: str) -> str:
    return name.encode()[:_LONGEST_PREFIX].decode(errors="ignore")
