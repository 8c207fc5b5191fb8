"""What can go wrong, as one tree.

ClientError
├── EndpointError                 the endpoint could not be asked
│   ├── EndpointUnreachable       no answer, after every attempt that was safe
│   ├── NotAuthorised             401, 403: the API key is missing or wrong
│   ├── UnknownEndpoint           404: no such endpoint
│   ├── UnknownJob                404: no such job, or its result has expired
│   ├── RateLimited               429, for longer than there was time to wait
│   ├── RequestRefused            400, 413: the endpoint does not accept this request
│   └── UnexpectedAnswer          an answer that is not RunPod's protocol
├── JobError                      the job did not complete
│   ├── RequestFailed             the worker refused the request, or failed: `code`, `message`, `field`
│   ├── JobCancelled              somebody cancelled it
│   ├── JobTimedOut               the endpoint's execution timeout ended it
│   └── DeadlineExceeded          this client's `timeout` passed first
└── StreamError                   the job completed, but its audio is not all here
    ├── ResultElsewhere           it was too large for an answer: `result` says where it is
    ├── StreamGap                 an event is missing
    ├── StreamIncomplete          the end event never came
    ├── ChecksumMismatch          the end event tells of other audio than what came
    └── MalformedEvent            an event lacks a field, or has a wrong one
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

UNCODED = "engine_failure"
"""The code of a failure that came without one: the worker crashed where it did not expect to."""


class ClientError(Exception):
    """Root of everything that this client raises."""


class EndpointError(ClientError):
    """The endpoint could not be asked."""


class EndpointUnreachable(EndpointError):
    """No answer came, after every attempt that was safe."""


class NotAuthorised(EndpointError):
    """The API key is missing or wrong."""


class UnknownEndpoint(EndpointError):
    """There is no such endpoint."""


class UnknownJob(EndpointError):
    """There is no such job, or its result has expired."""


class RateLimited(EndpointError):
    """The endpoint asks for slower requests, for longer than there was time to wait."""


class RequestRefused(EndpointError):
    """The endpoint does not accept this request: it is malformed or too large."""


class UnexpectedAnswer(EndpointError):
    """An answer that is not RunPod's protocol."""


class JobError(ClientError):
    """The job did not complete."""


class RequestFailed(JobError):
    """The worker refused the request or failed: a stable `code`, a `message`, the `field` at fault if any."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str | None]]:
        return type(self), (self.code, self.message, self.field)

    @classmethod
    def from_error(cls, error: Any) -> Self:
        """Read a job's `error`: our workers' JSON, or whatever RunPod made of a crash."""
        facts = _as_object(error)
        if facts is not None and isinstance(facts.get("code"), str):
            field = facts.get("field")
            return cls(facts["code"], str(facts.get("message", "")), None if field is None else str(field))
        if facts is not None and "error_message" in facts:  # the SDK's report of a raised exception
            return cls(UNCODED, str(facts["error_message"]))
        return cls(UNCODED, "the job failed without a reason" if error is None else str(error))


class JobCancelled(JobError):
    """Somebody cancelled the job."""


class JobTimedOut(JobError):
    """The endpoint's execution timeout ended the job."""


class DeadlineExceeded(JobError):
    """The client's own timeout passed before the job was done."""


class StreamError(ClientError):
    """The audio is not all here."""


class ResultElsewhere(StreamError):
    """The audio was too large for an answer: `result` has its `path` or `url`, `bytes` and `sha256`."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(f"the audio is at {result.get('path') or result.get('url')}")
        self.result = result


class StreamGap(StreamError):
    """An event is missing."""


class StreamIncomplete(StreamError):
    """The end event never came."""


class ChecksumMismatch(StreamError):
    """The end event tells of other audio than what came."""


class MalformedEvent(StreamError):
    """An event lacks a field, or has one of the wrong kind."""


def _as_object(error: Any) -> dict[str, Any] | None:
    if isinstance(error, str):
        try:
            error = json.loads(error)
        except ValueError:
            return None
    return error if isinstance(error, dict) else None
