"""Speech that is being made: an iterator of audio, and the job behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from chatterpod.received import Received
from chatterpod.saving import AudioFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from chatterpod.drivers import Driver
    from chatterpod.reception import Reception


class Speech(Received):
    """Yields a request's encoded audio as it comes; all of it, joined, is one playable file.

    As a context manager it cancels its job when the block is left before the audio is complete. When the
    iteration ends without an error, nothing was lost: the pieces were counted and their checksum compared.
    """

    def __init__(self, driver: Driver, reception: Reception) -> None:
        super().__init__(reception)
        self._driver = driver
        self._driver.run(reception.begin())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._driver.run(self._reception.abandon())

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        audio = self._driver.run(self._reception.next_audio())
        if audio is None:
            raise StopIteration
        return audio

    def prefetch(self) -> None:
        """Wait for the first audio without taking it; raise what is wrong with the request."""
        self._driver.run(self._reception.prefetch())

    def cancel(self) -> None:
        """Stop the job; whoever iterates, on this thread or another, gets JobCancelled."""
        self._driver.run(self._reception.cancel())

    def read(self) -> bytes:
        """Return the rest of the audio."""
        return b"".join(self)

    def save(self, path: Path | str) -> Path:
        """Write the audio to a file, which appears once it is complete; return its path.

        Raise ResultElsewhere where it was asked for in one event and was too large for that.

        A WAV or FLAC header gets the length that it had to leave open while it was streamed.
        """
        with AudioFile(path, self._reception.stream) as file:
            for audio in self:
                file.write(audio)
        return Path(path)
