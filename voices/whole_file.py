"""Atomic file writes: a path has either the old content or all of the new, never a part.

Only regular files are replaced. A device, FIFO or terminal is written to once the content is complete; a
symbolic link stays and its target is replaced; a directory is refused.

The module needs only the standard library; the client imports it too.
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
"""Bytes of the target's name in the temporary file's name, which may have 255."""
_OPEN_ALREADY = {("/", "dev", "stdout"), ("/", "dev", "stderr"), ("/", "dev", "fd")}
"""Paths of open descriptors: replacing their file would detach it from the shell that opened it."""


class WholeFile:
    """An atomic write: ``file`` is a seekable temporary file, which ``complete`` moves to ``path``.

    As a context manager it completes the write, or discards it if the block raises; an older file then
    stays. The constructor raises ``OSError``, with the path and a readable reason, for a path that cannot
    be written.
    """

    def __init__(self, path: Path | str, *, mode: int | None = None) -> None:
        """Open the temporary file; ``mode`` is the permissions: default the old file's, else the umask's."""
        self.path = Path(path)
        with _naming(self.path):
            older = _status(self.path)
            self._target = None if older and _is_written_through(self.path, older) else _resolved(self.path)
            folder = Path(tempfile.gettempdir()) if self._target is None else self._target.parent
            # In the target's folder, because a rename is atomic only within one file system.
            self.partial = folder / f".{_prefix(self.path.name)}.{secrets.token_hex(6)}.unfinished"
            """Path of the temporary file, for libraries that write by name."""
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
        """Append bytes."""
        with _naming(self.path):
            self.file.write(data)

    def complete(self) -> None:
        """Move the file into place; idempotent. Writing to a FIFO waits for its reader."""
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
        """Remove the temporary file, if it was not completed."""
        # Closing flushes, which fails on a full disk; the file is closed and must be removed anyway.
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
    """Raise the ``OSError`` that ``WholeFile`` would; call it before long work."""
    WholeFile(path).discard()


def put_in_place(file: Path, target: Path) -> None:
    """Replace ``target`` with a finished file on the same file system."""
    with _naming(target):
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(_resolved(target))


def is_standard_output(path: Path) -> bool:
    """Whether ``path`` is this process's standard output."""
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:
        return False


def why(error: OSError) -> str:
    """Describe the error and its file in a sentence."""
    about = f"{error.filename}: " if error.filename else ""
    return f"{about}{error.strerror or error}."


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Replace the temporary file's path in an error by the target's."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


def _status(path: Path) -> os.stat_result | None:
    """Return the target's status, or None; raises if it cannot be written as a file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        if not _resolved(path).parent.is_dir():
            raise OSError(errno.ENOENT, f"there is no folder {_resolved(path).parent}") from None
        return None
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a directory: give a file name")
    if stat.S_ISSOCK(status.st_mode):
        raise OSError(errno.ENXIO, "it is a socket, which cannot be written by name")
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return status


def _is_written_through(path: Path, status: os.stat_result) -> bool:
    parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 - resolve() would follow the link
    return not stat.S_ISREG(status.st_mode) or parts[:3] in _OPEN_ALREADY or parts[:2] == ("/", "proc")


def _resolved(path: Path) -> Path:
    """Resolve symbolic links, also of a file that does not exist yet."""
    return Path(os.path.realpath(path))


def _prefix(name: str) -> str:
    return name.encode()[:_LONGEST_PREFIX].decode(errors="ignore")
