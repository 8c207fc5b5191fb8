"""The client for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx

from chatterpod.deadline import Deadline
from chatterpod.drivers import Driver
from chatterpod.endpoint import REQUEST_TIMEOUT_S, Endpoint
from chatterpod.in_pieces import joinable_options
from chatterpod.speech import Speech
from chatterpod.speech_in_pieces import SpeechInPieces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


class SpeechClient(Endpoint[httpx.BaseTransport]):
    """Client of one endpoint; thread-safe. `Endpoint` documents its options."""

    def _connect(
        self, headers: dict[str, str], limits: httpx.Limits, transport: httpx.BaseTransport | None
    ) -> None:
        self._driver = Driver(httpx.Client(headers=headers, transport=transport, limits=limits))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; speech in progress ends with an error."""
        self._driver.close()

    def speak(
        self,
        text: str,
        *,
        voice_id: str | None = None,
        format: str | None = None,  # noqa: A002 - the request field's name
        timeout: float | None = None,
        **options: Any,
    ) -> Speech:
        """Request speech and return it while it is being made; a job is queued at once.

        `options` are the request's other fields (`speed`, `seed`, `sample_rate`, ...); `timeout` overrides
        the client's. Errors are raised when the audio is asked for. Over HTTP, the request is sent only then.
        """
        fields = {"text": text, "voice_id": voice_id, "format": format, **options}
        return Speech(self._driver, self._reception(fields, timeout))

    def speak_pieces(
        self, pieces: Iterable[str], *, timeout: float | None = None, **options: Any
    ) -> SpeechInPieces:
        """Speak a text while it is being written, such as a language model's answer, sentence by sentence.

        `options` are those of `speak` and apply to every sentence; `timeout` applies to each one separately.
        `format` defaults to `pcm`; raises ValueError for a format whose files cannot be joined.
        """
        fields = joinable_options(options)

        def speak(sentence: str) -> Speech:
            return self.speak(sentence, timeout=timeout, **fields)

        return SpeechInPieces(speak, pieces)

    def run_action(self, job_input: dict[str, Any], *, timeout: float | None = None) -> Any:
        """Run another action, such as `{"action": "list_voices"}`, and return the last item it yielded."""
        return self._driver.run(self._api.act(job_input, self._deadline(timeout)))

    def health(self) -> dict[str, Any]:
        """Return a queue's counts of jobs and workers; over HTTP, the engine and the requests in progress."""
        return self._driver.run(self._api.health(Deadline(REQUEST_TIMEOUT_S)))

    def wait_until_ready(self, timeout: float | None = None) -> None:
        """Wait until requests are accepted; raise EngineFailure if they never will be or DeadlineExceeded."""
        self._driver.run(self._wait_until_ready(timeout))
