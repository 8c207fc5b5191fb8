"""The client for event loops."""

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
    """Client of one endpoint, for event loops: like `SpeechClient`, with `await`."""

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
        """Close the connections; speech in progress ends with an error."""
        await self._driver.close()

    def speak(
        self,
        text: str,
        *,
        voice_id: str | None = None,
        format: str | None = None,  # noqa: A002 - the request field's name
        timeout: float | None = None,
        **options: Any,
    ) -> AsyncSpeech:
        """Return speech that is requested when its block is entered; otherwise like `SpeechClient.speak`."""
        fields = {"text": text, "voice_id": voice_id, "format": format, **options}
        return AsyncSpeech(self._driver, self._reception(fields, timeout))

    def speak_pieces(
        self, pieces: AsyncIterable[str] | Iterable[str], *, timeout: float | None = None, **options: Any
    ) -> AsyncSpeechInPieces:
        """Speak a text while it is being written, such as a language model's answer, sentence by sentence.

        `options` are those of `speak` and apply to every sentence; `timeout` applies to each one separately.
        `format` defaults to `pcm`; raises ValueError for a format whose files cannot be joined.
        """
        fields = joinable_options(options)

        def speak(sentence: str) -> AsyncSpeech:
            return self.speak(sentence, timeout=timeout, **fields)

        return AsyncSpeechInPieces(speak, pieces)

    async def run_action(
        self,
        job_input: dict[str, Any],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - same signature as SpeechClient
    ) -> Any:
        """Run another action, such as `{"action": "list_voices"}`, and return the last item it yielded."""
        return await self._driver.run(self._api.act(job_input, self._deadline(timeout)))

    async def health(self) -> dict[str, Any]:
        """Return a queue's counts of jobs and workers; over HTTP, the engine and the requests in progress."""
        return await self._driver.run(self._api.health(Deadline(REQUEST_TIMEOUT_S)))

    async def wait_until_ready(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - same signature as SpeechClient
    ) -> None:
        """Wait until requests are accepted; raise EngineFailure if they never will be or DeadlineExceeded."""
        await self._driver.run(self._wait_until_ready(timeout))
