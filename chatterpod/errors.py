"""What can go wrong, as one tree.

ClientError
├── EndpointError                 the endpoint could not be asked
│   ├── EndpointUnreachable       no answer, after every attempt that was safe
│   ├── NotAuthorised             401, 403: the API key is missing or wrong
│   ├── UnknownEndpoint           404: no such endpoint
│   ├── UnknownJob                404: no such job, or its result has expired
│   ├── RateLimited               429, for longer than there was time to wait
│   ├── RequestRefused            400, 413: the endpoint does not accept this request
│   ├── UnexpectedAnswer          an answer that is not RunPod's protocol, nor our server's
│   └── NotOffered                an endpoint of this kind cannot do that
├── JobError                      the job did not complete
│   ├── RequestFailed             the worker refused the request, or failed: `code`, `message`, `field`
│   │   ├── InvalidRequest        invalid_request: `field` is wrong
│   │   │   ├── NothingToSpeak    the text has no word
│   │   │   └── TextTooLong       text_too_long
│   │   ├── UnknownVoice          unknown_voice
│   │   ├── VoiceCorrupt          voice_corrupt
│   │   ├── VoiceIncompatible     voice_incompatible
│   │   ├── ResumeBusy            resume_busy: another request goes on with that job right now
│   │   ├── Overloaded            overloaded, after every attempt: `retry_after_s`
│   │   ├── ShuttingDown          shutting_down, each worker that was asked
│   │   ├── Loading               loading, for longer than there was time to wait
│   │   ├── RequestExpired        deadline_exceeded: the request's own `deadline_ms` passed
│   │   ├── RequestDropped        cancelled: the worker gave it up
│   │   ├── EngineFailure         engine_failure: the model failed, or the worker crashed
│   │   └── StoreFailure          store_failure: the voices or results cannot be read or written
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
import math
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

UNCODED = "engine_failure"
"""The code of a failure that came without one: the worker crashed where it did not expect to."""

NOTHING_TO_SPEAK = "nothing to speak"
"""What the message says of a text without a word; its code is that of every invalid request."""


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
    """An answer that is not RunPod's protocol, nor our server's."""


class NotOffered(EndpointError):
    """The endpoint is of a kind that cannot do that: the message says which can."""


class JobError(ClientError):
    """The job did not complete."""


class RequestFailed(JobError):
    """The worker refused the request or failed: a stable `code`, a `message`, the `field` at fault if any.

    `retry_after_s` says in how many seconds to try again, where the worker told. Each code that is known has
    a class of its own below; one that is not is of this class.
    """

    def __init__(
        self, code: str, message: str, field: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.retry_after_s is not None or isinstance(self, (Overloaded, ShuttingDown, Loading))

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str | None, float | None]]:
        return type(self), (self.code, self.message, self.field, self.retry_after_s)

    @classmethod
    def from_error(cls, error: Any, retry_after_s: float | None = None) -> RequestFailed:
        """Read a job's `error`: our workers' JSON, or whatever RunPod made of a crash.

        `retry_after_s` is for an error that does not say itself.
        """
        facts = _as_object(error)
        if facts is not None and isinstance(facts.get("code"), str):
            field, told_s = facts.get("field"), facts.get("retry_after_s")
            if isinstance(told_s, (int, float)) and not isinstance(told_s, bool) and 0 <= told_s < math.inf:
                retry_after_s = float(told_s)
            kind = REQUEST_ERRORS.get(facts["code"], RequestFailed)
            message = str(facts.get("message", ""))
            if kind is InvalidRequest and field == "text" and NOTHING_TO_SPEAK in message:
                kind = NothingToSpeak
            return kind(facts["code"], message, None if field is None else str(field), retry_after_s)
        if facts is not None and "error_message" in facts:  # the SDK's report of a raised exception
            return EngineFailure(UNCODED, str(facts["error_message"]))
        return EngineFailure(UNCODED, "the job failed without a reason" if error is None else str(error))


class InvalidRequest(RequestFailed):
    """What was sent is wrong: `field` names it."""


class NothingToSpeak(InvalidRequest):
    """The text has no word in it, as one of markup or emoji alone."""


class TextTooLong(InvalidRequest):
    """The text, or the audio it makes, is more than one request may have."""


class UnknownVoice(RequestFailed):
    """No voice is published under that id."""


class VoiceCorrupt(RequestFailed):
    """The voice's files are damaged; it is never spoken."""


class VoiceIncompatible(RequestFailed):
    """The voice does not fit the engine."""


class ResumeBusy(RequestFailed):
    """Another request of the same `resume` name is under way: nothing was spoken."""


class Overloaded(RequestFailed):
    """More requests than the worker takes at once: nothing was spoken."""


class ShuttingDown(RequestFailed):
    """The worker is being stopped: another one takes the request."""


class Loading(RequestFailed):
    """The server's engine is still being loaded: nothing was spoken."""


class RequestExpired(RequestFailed):
    """The request's own `deadline_ms` passed before its speech was complete."""


class RequestDropped(RequestFailed):
    """The worker gave the request up: nobody took its answer."""


class EngineFailure(RequestFailed):
    """The model failed or could not be loaded, or the worker crashed."""


class StoreFailure(RequestFailed):
    """The worker cannot read the voices, or not write a large result."""


REQUEST_ERRORS: dict[str, type[RequestFailed]] = {
    "invalid_request": InvalidRequest,
    "text_too_long": TextTooLong,
    "unknown_voice": UnknownVoice,
    "voice_corrupt": VoiceCorrupt,
    "voice_incompatible": VoiceIncompatible,
    "resume_busy": ResumeBusy,
    "overloaded": Overloaded,
    "shutting_down": ShuttingDown,
    "loading": Loading,
    "deadline_exceeded": RequestExpired,
    "cancelled": RequestDropped,
    "engine_failure": EngineFailure,
    "store_failure": StoreFailure,
}
"""The class of each code that a request can end with."""


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
