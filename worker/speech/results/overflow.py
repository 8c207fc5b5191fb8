"""A request's encoded audio: in memory while it fits into an answer, then in a file."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from voices.errors import StoreFailure
from worker.speech.results.leftovers import UNFINISHED_SECONDS, remove_older

_READ_BYTES = 1 << 20


class Overflow:
    """Takes bytes; those beyond ``limit``, and with them all before, go to a file in ``directory``.

    ``write`` raises ``NoPlace`` when there is none, and ``StoreFailure`` when it cannot be written;
    ``variable`` is what clients know the directory by.
    """

    def __init__(self, limit: int, directory: Path | None, variable: str = "RESULTS_DIR") -> None:
        self._limit = limit
        self._directory = directory
        self._variable = variable
        self._held: list[bytes] = []
        self._file: BinaryIO | None = None
        self.path: Path | None = None
        """The file, once there is one."""
        self.size = 0
        """Bytes so far."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        with self.failures():
            if self._file is None and self.size > self._limit:
                self._begin_file()
            if self._file is None:
                self._held.append(data)
            else:
                self._file.write(data)

    @property
    def held(self) -> bytes:
        """All bytes, as long as there is no file."""
        return b"".join(self._held)

    def finish(self) -> Path | None:
        """Return the complete file, or None where everything fitted into memory."""
        if self._file is not None:
            with self.failures():
                self._file.close()
        return self.path

    def discard(self) -> None:
        """Leave nothing behind; a file that was moved away stays."""
        if self._file is not None and self.path is not None:
            with suppress(OSError):  # on a full disk closing fails, since it writes
                self._file.close()
            with suppress(OSError):
                self.path.unlink()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Within it, what the disk refuses is a ``StoreFailure``."""
        try:
            yield
        except OSError as error:
            assert self._directory is not None  # noqa: S101  # memory refuses nothing
            raise StoreFailure.of(error, "write the result to", self._directory, self._variable) from error

    def _begin_file(self) -> None:
        if self._directory is None:
            raise NoPlace
        self._directory.mkdir(parents=True, exist_ok=True)
        remove_older(self._directory, UNFINISHED_SECONDS)  # what a crash left may be what fills the disk
        handle, name = tempfile.mkstemp(dir=self._directory)
        self.path = Path(name)
        self._file = open(handle, "wb")  # noqa: PTH123, SIM115  # lives as long as this object
        self.path.chmod(0o644)
        self._file.writelines(self._held)
        self._held.clear()


class NoPlace(Exception):
    """There is nowhere to put what does not fit."""


def file_sha256(path: Path) -> str:
    """Return the checksum of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
