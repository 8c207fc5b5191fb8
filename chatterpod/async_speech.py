"""Speech for event loops: an asynchronous iterator of audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread

from chatterpod.errors import JobCancelled
from chatterpod.received import Received
from chatterpod.saving import AudioFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from chatterpod.drivers import AsyncDriver
    from chatterpod.reception import Reception
    from chatterpod.steps import Steps, T

LEAVING_S = 10.0
"""Seconds that leaving a block may take to stop its request, even under cancellation."""


class AsyncSpeech(Received):
    """Yields a request's encoded audio as it arrives, like `Speech`; only one task may iterate.

    The request is sent when the block is entered, or else when the first audio is asked for. Leaving the
    block before the audio is complete, by cancellation too, stops the request.
    """

    def __init__(self, driver: AsyncDriver, reception: Reception) -> None:
        super().__init__(reception)
        self._driver = driver
        self._waiting: anyio.CancelScope | None = None

    async def __aenter__(self) -> Self:
        await self._driver.run(self._reception.begin())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.move_on_after(LEAVING_S, shield=True):
            await self._driver.run(self._reception.abandon())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        audio = await self._wait_for(self._reception.next_audio())
        if audio is None:
            raise StopAsyncIteration
        return audio

    async def prefetch(self) -> None:
        """Wait for the first audio without consuming it; raise the request's error, if any."""
        await self._wait_for(self._reception.prefetch())

    async def cancel(self) -> None:
        """Cancel the job; the iterating task gets JobCancelled at once."""
        if self._waiting is not None:
            self._waiting.cancel()
        await self._driver.run(self._reception.cancel())

    async def read(self) -> bytes:
        """Return the remaining audio."""
        return b"".join([audio async for audio in self])

    async def save(self, path: Path | str) -> Path:
        """Write the audio to a file, like `Speech.save`."""
        with AudioFile(path, self._reception.stream) as file:
            async for audio in self:
                file.write(audio)
            await anyio.to_thread.run_sync(file.complete)  # a disk or the reader of a FIFO may be slow
        return Path(path)

    async def _wait_for(self, steps: Steps[T]) -> T:
        """Run steps; `cancel` interrupts them."""
        with anyio.CancelScope() as self._waiting:
            return await self._driver.run(steps)
        with anyio.move_on_after(LEAVING_S, shield=True):
            await self._driver.run(self._reception.abandon())
        raise JobCancelled(f"request {self.job_id} was cancelled")
