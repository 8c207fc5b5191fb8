"""A request's encoded audio: in memory up to the limit of an answer, then in a file."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from voices.errors import StoreFailure
from worker.errors import TextTooLong
from worker.settings import MEBIBYTE
from worker.speech.results.leftovers import UNFINISHED_SECONDS, remove_older

_READ_BYTES = 1 << 20


class Overflow:
    """A buffer of bytes that moves to a file in ``directory`` once it exceeds ``limit`` bytes.

    ``write`` raises ``TextTooLong`` without a directory, and ``StoreFailure`` if the file cannot be written.
    Their messages name ``format_name``, the audio format, and ``variable``, the directory's setting.
    """

    def __init__(
        self, limit: int, format_name: str, directory: Path | None, variable: str = "RESULTS_DIR"
    ) -> None:
        self._limit = limit
        self._format = format_name
        self._directory = directory
        self._variable = variable
        self._held: list[bytes] = []
        self._file: BinaryIO | None = None
        self.path: Path | None = None
        """The file, once the buffer has overflowed."""
        self.size = 0
        """Bytes written so far."""

    def write(self, data: bytes) -> None:
        """Append ``data``."""
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
        """All bytes; empty once they are in a file."""
        return b"".join(self._held)

    def finish(self) -> Path | None:
        """Return the complete file, or None if the buffer has not overflowed."""
        if self._file is not None:
            with self.failures():
                self._file.close()
        return self.path

    def discard(self) -> None:
        """Delete the file, unless it was moved away."""
        if self._file is not None and self.path is not None:
            with suppress(OSError):  # closing writes, and fails on a full disk
                self._file.close()
            with suppress(OSError):
                self.path.unlink()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn an ``OSError`` raised within it into a ``StoreFailure``."""
        try:
            yield
        except OSError as error:
            assert self._directory is not None  # noqa: S101  # only a file raises OSError
            raise StoreFailure.of(error, "write the result to", self._directory, self._variable) from error

    def _too_much(self) -> str:
        megabytes = self._limit / MEBIBYTE
        return f"text: its speech as {self._format} exceeds the {megabytes:.1f} MB of one"

    def _begin_file(self) -> None:
        if self._directory is None:
            raise TextTooLong(
                f"{self._too_much()} result, and this worker has no storage for larger ones: attach "
                "a network volume, set RESULTS_DIR or the BUCKET_ variables, send the text in parts, or ask "
                "for mp3 or opus."
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        remove_older(self._directory, UNFINISHED_SECONDS)  # files left by a crash may fill the disk
        handle, name = tempfile.mkstemp(dir=self._directory)
        self.path = Path(name)
        self._file = open(handle, "wb")  # noqa: PTH123, SIM115  # lives as long as this object
        self.path.chmod(0o644)
        self._file.writelines(self._held)
        self._held.clear()


class NotKept(Overflow):
    """Counts the bytes of an answer that its client reads as it is made, and stores none."""

    def __init__(self, limit: int, format_name: str) -> None:
        super().__init__(limit, format_name, None)

    @override
    def write(self, data: bytes) -> None:
        """Count the next bytes; raises ``TextTooLong``."""
        self.size += len(data)
        if self.size > self._limit:
            raise TextTooLong(f"{self._too_much()} answer: send the text in parts, or ask for mp3 or opus.")


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256; reads a block at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
