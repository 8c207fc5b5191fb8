"""The client that applications use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from client.api import QueueApi
from client.deadline import Deadline
from client.job import Job
from client.speech import Speech

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

RUNPOD_URL = "https://api.runpod.ai/v2"
DEFAULT_TIMEOUT_S = 600.0
REQUEST_TIMEOUT_S = 30.0


class SpeechClient:
    """Speech from one queue endpoint, on RunPod or on this machine. Safe to use from several threads.

    `timeout` is how many seconds a whole request may take, queueing and cold start included (None: any),
    and `request_timeout` how many a single HTTP exchange may.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        request_timeout: float = REQUEST_TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api = QueueApi(base_url, api_key, request_timeout=request_timeout, transport=transport)
        self._timeout = timeout

    @classmethod
    def runpod(cls, endpoint_id: str, api_key: str, *, timeout: float | None = DEFAULT_TIMEOUT_S) -> Self:
        """Return a client of an endpoint that RunPod hosts."""
        return cls(f"{RUNPOD_URL}/{endpoint_id}", api_key, timeout=timeout)

    def __repr__(self) -> str:
        return f"SpeechClient({self._api.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; speech that is still coming ends with an error."""
        self._api.close()

    def speak(
        self,
        text: str,
        *,
        voice_id: str | None = None,
        format: str | None = None,  # noqa: A002 - the request's own name for it
        timeout: float | None = None,
        **options: Any,
    ) -> Speech:
        """Ask for speech and return it while it is being made; the job is queued at once.

        `options` are the request's other fields (`speed`, `seed`, `sample_rate`, ...); `timeout` replaces
        the client's. What is wrong with a request is raised when its audio is asked for.
        """
        fields = {"text": text, "voice_id": voice_id, "format": format, **options}
        given = {name: value for name, value in fields.items() if value is not None}
        return Speech(self._submit(given, timeout))

    def run_action(self, job_input: dict[str, Any], *, timeout: float | None = None) -> Any:
        """Run another action, such as `{"action": "list_voices"}`, and return the last thing it yielded."""
        job = self._submit(job_input, timeout)
        events = list(job.events(lambda: False))
        return events[-1] if events else job.output()

    def health(self) -> dict[str, Any]:
        """Return the endpoint's counts of jobs and workers."""
        return self._api.health(Deadline(REQUEST_TIMEOUT_S))

    def _submit(self, job_input: dict[str, Any], timeout: float | None) -> Job:
        deadline = Deadline(self._timeout if timeout is None else timeout)
        return Job(self._api, self._api.submit(job_input, deadline), deadline)
