"""RunPod's queue API over HTTP: one method a call, every answer either typed or an error of ours."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from client.errors import (
    EndpointError,
    EndpointUnreachable,
    NotAuthorised,
    RateLimited,
    RequestRefused,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
)

if TYPE_CHECKING:
    from client.deadline import Deadline

ATTEMPTS = 5
FIRST_BACKOFF_S = 0.2
DEFAULT_RETRY_AFTER_S = 1.0
RATE_LIMITED = 429
FIRST_SERVER_ERROR = 500
QUOTED_CHARACTERS = 300

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """What a poll or a status call told: `events` of the first, `output` of the second."""

    status: str
    events: tuple[Any, ...] = ()
    output: Any = None
    error: Any = None

    @property
    def is_final(self) -> bool:
        """Whether the job can never change again. A status that is not known is taken for a passing one."""
        return self.status in {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}


class QueueApi:
    """One endpoint's queue. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        request_timeout: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._request_timeout = request_timeout
        # The key lives in the HTTP client's headers alone, whose repr hides it.
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {_checked(api_key)}"} if api_key else {},
            transport=transport,
            limits=httpx.Limits(max_connections=400, max_keepalive_connections=100),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, job_input: dict[str, Any], deadline: Deadline) -> str:
        """Queue a job and return its id."""
        answer = self._ask("POST", "/run", deadline, json={"input": job_input}, missing=UnknownEndpoint)
        job_id = answer.get("id")
        if not isinstance(job_id, str):
            raise UnexpectedAnswer(f"a queued job without an id: {_quote(answer)}")
        return job_id

    def poll(self, job_id: str, deadline: Deadline) -> JobAnswer:
        """Return the events since the last poll.

        A poll takes what it returns out of the queue, so that one whose answer is lost on its way loses
        events too. It is repeated nevertheless: the stream's checks tell what is missing.
        """
        answer = self._ask("GET", f"/stream/{job_id}", deadline)
        items = answer.get("stream") or []
        if not isinstance(items, list):
            raise UnexpectedAnswer(f"a stream that is not a list: {_quote(answer)}")
        return JobAnswer(_status(answer), events=tuple(_events(items)), error=answer.get("error"))

    def status(self, job_id: str, deadline: Deadline) -> JobAnswer:
        """Return where the job is, and its output or error if it has one."""
        answer = self._ask("GET", f"/status/{job_id}", deadline)
        return JobAnswer(_status(answer), output=answer.get("output"), error=answer.get("error"))

    def cancel(self, job_id: str, deadline: Deadline) -> JobAnswer:
        """Cancel the job and return where it is now."""
        return JobAnswer(_status(self._ask("POST", f"/cancel/{job_id}", deadline, is_repeatable=True)))

    def health(self, deadline: Deadline) -> dict[str, Any]:
        """Return the counts of jobs and workers."""
        return self._ask("GET", "/health", deadline, missing=UnknownEndpoint)

    def _ask(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        json: Any = None,
        is_repeatable: bool | None = None,
        missing: type[EndpointError] = UnknownJob,
    ) -> dict[str, Any]:
        """Ask until there is an answer; repeat only what was never sent, or may be done twice."""
        repeatable = method == "GET" if is_repeatable is None else is_repeatable
        for attempt in range(ATTEMPTS):
            is_last = attempt == ATTEMPTS - 1
            try:
                response = self._http.request(
                    method,
                    self.base_url + path,
                    json=json,
                    timeout=deadline.limit(self._request_timeout),
                )
            except httpx.RequestError as error:
                if is_last or not (repeatable or isinstance(error, NEVER_SENT)):
                    raise EndpointUnreachable(f"{method} {path}: {type(error).__name__} {error}") from error
                deadline.sleep(_backoff_s(attempt))
                continue
            if response.status_code == RATE_LIMITED and not is_last:
                _wait_as_told(response, deadline)
            elif response.status_code >= FIRST_SERVER_ERROR and repeatable and not is_last:
                deadline.sleep(_backoff_s(attempt))
            else:
                return _read(response, missing)
        raise AssertionError("the last attempt returns or raises")


def _checked(api_key: str) -> str:
    """Return the key fit for a header: httpx would quote one that is not, whole, in its error."""
    key = api_key.strip()  # a newline is what is left of the file that it came from
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("the API key is empty, or has characters that no key has")
    return key


def _read(response: httpx.Response, missing: type[EndpointError]) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_success and isinstance(answer, dict):
        return answer
    reason = f"HTTP {response.status_code}: {_quote(_reason(answer) or response.text)}"
    match response.status_code:
        case 401 | 403:
            raise NotAuthorised(f"{reason}. Is the API key right, and allowed to use this endpoint?")
        case 404:
            raise missing(reason)
        case 429:
            raise RateLimited(reason)
        case 400 | 413 | 422:
            raise RequestRefused(reason)
        case code if code >= FIRST_SERVER_ERROR:
            raise EndpointUnreachable(reason)
    raise UnexpectedAnswer(reason)


def _reason(answer: Any) -> Any:
    return answer.get("error") or answer.get("message") if isinstance(answer, dict) else None


def _wait_as_told(response: httpx.Response, deadline: Deadline) -> None:
    wait_s = _retry_after_s(response.headers.get("Retry-After", ""))
    if not deadline.allows(wait_s):
        raise RateLimited(f"HTTP 429: asked to wait {wait_s:.0f} s, which is longer than the timeout allows")
    deadline.sleep(wait_s)


def _retry_after_s(value: str) -> float:
    """Read the header's two forms: seconds, or a date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return DEFAULT_RETRY_AFTER_S


def _backoff_s(attempt: int) -> float:
    # Random, so that clients that failed together do not come back together.
    return FIRST_BACKOFF_S * float(2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def _status(answer: dict[str, Any]) -> str:
    status = answer.get("status")
    if not isinstance(status, str):
        raise UnexpectedAnswer(f"an answer without a status: {_quote(answer)}")
    return status


def _events(items: list[Any]) -> list[Any]:
    """Unwrap the items; one whose output is a list holds several events."""
    events: list[Any] = []
    for item in items:
        if not isinstance(item, dict) or "output" not in item:
            raise UnexpectedAnswer(f"a stream item without an output: {_quote(item)}")
        output = item["output"]
        events += output if isinstance(output, list) else [output]
    return events


def _quote(value: Any) -> str:
    return str(value)[:QUOTED_CHARACTERS]
