"""The same client for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx

from chatterpod.async_speech import AsyncSpeech
from chatterpod.async_speech_in_pieces import AsyncSpeechInPieces
from chatterpod.deadline import Deadline
from chatterpod.drivers import AsyncDriver
from chatterpod.endpoint import REQUEST_TIMEOUT_S, Endpoint
from chatterpod.in_pieces import joinable_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable
    from types import TracebackType


class AsyncSpeechClient(Endpoint[httpx.AsyncBaseTransport]):
    """Speech from one endpoint, for event loops: as `SpeechClient`, with `await`."""

    def _connect(
        self, headers: dict[str, str], limits: httpx.Limits, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._driver = AsyncDriver(httpx.AsyncClient(headers=headers, transport=transport, limits=limits))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; speech that is still coming ends with an error."""
        await self._driver.close()

    def speak(
        self,
        text: str,
        *,
        voice_id: str | None = None,
        format: str | None = None,  # noqa: A002 - the request's own name for it
        timeout: float | None = None,
        **options: Any,
    ) -> AsyncSpeech:
        """Return speech that is asked for when its block is entered; else as `SpeechClient.speak`."""
        fields = {"text": text, "voice_id": voice_id, "format": format, **options}
        return AsyncSpeech(self._driver, self._reception(fields, timeout))

    def speak_pieces(
        self, pieces: AsyncIterable[str] | Iterable[str], *, timeout: float | None = None, **options: Any
    ) -> AsyncSpeechInPieces:
        """Speak a text that is being written, such as a language model's answer, sentence by sentence.

        `options` are those of `speak` for every sentence, `timeout` each one's. The `format` is one whose
        files can be joined, `pcm` unless said; raises ValueError for another.
        """
        fields = joinable_options(options)

        def speak(sentence: str) -> AsyncSpeech:
            return self.speak(sentence, timeout=timeout, **fields)

        return AsyncSpeechInPieces(speak, pieces)

    async def run_action(
        self,
        job_input: dict[str, Any],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as of the other client
    ) -> Any:
        """Run another action, such as `{"action": "list_voices"}`, and return the last thing it yielded."""
        return await self._driver.run(self._api.act(job_input, self._deadline(timeout)))

    async def health(self) -> dict[str, Any]:
        """Return a queue's counts of jobs and workers; over HTTP, what is loaded and under way."""
        return await self._driver.run(self._api.health(Deadline(REQUEST_TIMEOUT_S)))

    async def wait_until_ready(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as of the other client
    ) -> None:
        """Wait until requests are taken; raise EngineFailure if they never will be, or DeadlineExceeded."""
        await self._driver.run(self._wait_until_ready(timeout))
