"""Speech of a text that is being written, for event loops: one task reads the text, another plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeAlias

import anyio

from chatterpod.errors import ClientError
from chatterpod.in_pieces import AHEAD, InPieces
from chatterpod.request_errors import NothingToSpeak
from chatterpod.sentences import async_sentences_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
    from types import TracebackType

    from chatterpod.async_speech import AsyncSpeech


_Item: TypeAlias = "tuple[str, AsyncSpeech] | Exception"


class AsyncSpeechInPieces(InPieces["AsyncSpeech"]):
    """Yields the encoded audio sentence by sentence; the next sentence is requested while one plays.

    A context manager: a separate task reads the text while the block lasts. Leaving the block early, or
    `cancel`, stops the speech, the requests and the reading.
    """

    def __init__(
        self, speak: Callable[[str], AsyncSpeech], pieces: AsyncIterable[str] | Iterable[str]
    ) -> None:
        super().__init__()
        self._speak = speak
        self._pieces = pieces
        self._hand_over, self._ready = anyio.create_memory_object_stream[_Item](AHEAD + 1)
        self._room = anyio.Semaphore(AHEAD)
        self._open: set[AsyncSpeech] = set()
        self._tasks = anyio.create_task_group()
        self._reading = anyio.CancelScope()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        try:
            for speech in list(self._open):
                await speech.__aexit__(kind, error, trace)
        finally:
            self._ready.close()
            await self._tasks.__aexit__(None, None, None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            audio = await self._next_audio()
        except BaseException:
            self._is_over = True
            raise
        if audio is None:
            self._is_over = True
            raise StopAsyncIteration
        return audio

    async def cancel(self) -> None:
        """Cancel everything; the iterating task gets JobCancelled."""
        self._is_cancelled = True
        self._reading.cancel()
        for speech in list(self._open):
            try:
                await speech.cancel()
            except ClientError:
                continue  # the request ends without it

    async def _next_audio(self) -> bytes | None:
        while not self._is_over:
            if self._playing is None:
                self._playing = await self._next_speech()
            if self._playing is None:
                break
            if (audio := await anext(self._playing, None)) is not None:
                return audio
            self._close(self._playing)
            self._playing = None
        return None

    async def _next_speech(self) -> AsyncSpeech | None:
        """Wait for the next sentence's speech; return None after the last."""
        try:
            item = None if self._is_cancelled else await self._ready.receive()
        except anyio.EndOfStream:
            item = None
        return self._take(item)

    async def _read(self) -> None:
        """Read the text and request each sentence's speech, in a separate task."""
        with self._hand_over, self._reading:
            try:
                async for sentence in async_sentences_in(self._pieces, self._skipped.append):
                    await self._ask(sentence)
            except Exception as error:  # noqa: BLE001 - raised again in the iterating task
                self._hand_over.send_nowait(error)

    async def _ask(self, sentence: str) -> None:
        await self._room.acquire()
        speech = self._speak(sentence)
        self._open.add(speech)
        try:
            await speech.prefetch()
        except NothingToSpeak:
            self._close(speech)
            self._skipped.append(sentence)
        except ClientError:
            self._close(speech)
            raise
        else:
            self._hand_over.send_nowait((sentence, speech))

    def _close(self, speech: AsyncSpeech) -> None:
        self._open.discard(speech)
        self._room.release()
