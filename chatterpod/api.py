"""HTTP requests: which ones are retried, and which error each response means."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from chatterpod.errors import (
    EndpointError,
    EndpointUnreachable,
    NotAuthorised,
    RateLimited,
    RequestRefused,
    UnexpectedAnswer,
    UnknownEndpoint,
)

if TYPE_CHECKING:
    from chatterpod.deadline import Deadline
    from chatterpod.steps import Answer, Ask, Steps

ATTEMPTS = 5
FIRST_BACKOFF_S = 0.2
DEFAULT_RETRY_AFTER_S = 1.0
RATE_LIMITED = 429
FIRST_SERVER_ERROR = 500
QUOTED_CHARACTERS = 300

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def ask_until_answered(
    ask: Ask, deadline: Deadline, request_timeout: float, *, repeatable: bool
) -> Steps[Answer]:
    """Send a request and retry it until a response comes.

    A request is retried if it was never sent, or if it is `repeatable` (idempotent). A streamed response may
    take until the deadline to begin.
    """
    for attempt in range(ATTEMPTS):
        is_last = attempt == ATTEMPTS - 1
        limit_s = deadline.limit(request_timeout)
        read_s = limit_s if ask.silence_s is None else deadline.left()
        try:
            answer: Answer = yield replace(ask, timeout=httpx.Timeout(limit_s, read=read_s))
        except httpx.RequestError as error:
            if is_last or not (repeatable or isinstance(error, NEVER_SENT)):
                what = f"{ask.method} {httpx.URL(ask.url).path}: {type(error).__name__} {error}"
                raise EndpointUnreachable(what) from error
            yield from deadline.pause(backoff_s(attempt))
            continue
        status = answer.response.status_code
        if status == RATE_LIMITED and not is_last:
            yield from _wait_as_told(answer.response, deadline)
        elif status >= FIRST_SERVER_ERROR and repeatable and not is_last:
            yield from deadline.pause(backoff_s(attempt))
        else:
            return answer
    raise AssertionError("the last attempt returns or raises")


def read_object(response: httpx.Response, missing: type[EndpointError] = UnknownEndpoint) -> dict[str, Any]:
    """Return the JSON object of a successful response; raise the error of any other, `missing` for 404."""
    answer = json_or_none(response)
    if response.is_success and isinstance(answer, dict):
        return answer
    reason = f"HTTP {response.status_code}: {quote(_reason(answer) or response.text)}"
    match response.status_code:
        case 401 | 403:
            raise NotAuthorised(f"{reason}. Check that the API key is valid and may use this endpoint.")
        case 404:
            raise missing(reason)
        case 429:
            raise RateLimited(reason)
        case 400 | 413 | 422:
            raise RequestRefused(reason)
        case code if code >= FIRST_SERVER_ERROR:
            raise EndpointUnreachable(reason)
    raise UnexpectedAnswer(reason)


def json_or_none(response: httpx.Response) -> Any:
    """Return a response's JSON body, or None if it is not JSON."""
    try:
        return response.json()
    except ValueError:
        return None


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the header, given in seconds or as a date, in seconds; None if absent or invalid."""
    value = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def backoff_s(attempt: int) -> float:
    """Return the seconds to wait after an attempt, counted from 0."""
    return FIRST_BACKOFF_S * float(2**attempt) * jitter(0.5, 1.0)


def jitter(least: float, most: float) -> float:
    """Return a random factor, so that clients that failed together do not retry together."""
    return random.uniform(least, most)  # noqa: S311 - no secret


def checked_key(api_key: str) -> str:
    """Return the key, fit for a header.

    For an unfit one, httpx's own error would quote the whole key.
    """
    key = api_key.strip()  # a key read from a file often ends with a newline
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("the API key is empty or contains invalid characters")
    return key


def quote(value: Any) -> str:
    """Return the beginning of a value, for an error message."""
    return str(value)[:QUOTED_CHARACTERS]


def _reason(answer: Any) -> Any:
    if not isinstance(answer, dict):
        return None
    error = answer.get("error")
    if isinstance(error, dict):  # the Chatterpod server's form
        return error.get("message")
    return error or answer.get("message")


def _wait_as_told(response: httpx.Response, deadline: Deadline) -> Steps[None]:
    told_s = retry_after_s(response)
    wait_s = DEFAULT_RETRY_AFTER_S if told_s is None else told_s
    if not deadline.allows(wait_s):
        raise RateLimited(f"HTTP 429: Retry-After of {wait_s:.0f} s exceeds the timeout")
    yield from deadline.pause(wait_s)
