"""Speech in progress: an iterator of audio, and its job."""

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
    """Yields a request's encoded audio as it arrives; the pieces, joined, are one playable file.

    As a context manager it cancels its job if the block is left before the audio is complete. An iteration
    that ends without an error proves that nothing was lost: the events were counted and their checksum
    compared.
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
        """Wait for the first audio without consuming it; raise the request's error, if any."""
        self._driver.run(self._reception.prefetch())

    def cancel(self) -> None:
        """Cancel the job; the iterating thread, this one or another, gets JobCancelled."""
        self._driver.run(self._reception.cancel())

    def read(self) -> bytes:
        """Return the remaining audio."""
        return b"".join(self)

    def save(self, path: Path | str) -> Path:
        """Write the audio to a file, which appears once it is complete; return its path.

        Raise ResultElsewhere if it was requested in one event and is too large for it.

        The length that a streamed WAV or FLAC header leaves open is filled in.
        """
        with AudioFile(path, self._reception.stream) as file:
            for audio in self:
                file.write(audio)
        return Path(path)
