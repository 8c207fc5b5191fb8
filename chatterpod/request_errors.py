"""The errors with which a worker ends a request: one class for each code (the tree is in `errors`)."""

from __future__ import annotations

import json
import math
from typing import Any, Self

from chatterpod.errors import JobError

UNCODED = "engine_failure"
"""The code of a failure without one: the worker crashed unexpectedly."""

NOTHING_TO_SPEAK = "nothing to speak"
"""Part of the message for a text without a word; its code is the same as of any invalid request."""


class RequestFailed(JobError):
    """The worker refused the request or failed: a stable `code`, a `message`, and the invalid `field` if any.

    `retry_after_s` is the worker's advice in seconds, None without one. Each known code has a class below; an
    error with an unknown code is of this class.
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
        """Whether the error is transient, so that a retry may succeed."""
        return self.retry_after_s is not None or isinstance(self, (Overloaded, ShuttingDown, Loading))

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str | None, float | None]]:
        return type(self), (self.code, self.message, self.field, self.retry_after_s)

    @classmethod
    def from_error(cls, error: Any, retry_after_s: float | None = None) -> RequestFailed:
        """Parse a job's `error`: our workers' JSON, or RunPod's report of a crash.

        `retry_after_s` is the default for an error that contains none.
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
    """The request is invalid; `field` names the invalid field."""


class NothingToSpeak(InvalidRequest):
    """The text contains no word, for example only markup or emoji."""


class TextTooLong(InvalidRequest):
    """The text, or its audio, exceeds the limit of one request."""


class UnknownVoice(RequestFailed):
    """No voice is published under that id."""


class VoiceCorrupt(RequestFailed):
    """The voice's files are damaged; it is never spoken."""


class VoiceIncompatible(RequestFailed):
    """The voice is not compatible with the engine."""


class ResumeBusy(RequestFailed):
    """Another request with the same `resume` name is in progress; nothing was spoken."""


class Overloaded(RequestFailed):
    """The worker has as many requests as it accepts at once; nothing was spoken."""


class ShuttingDown(RequestFailed):
    """The worker is shutting down; a retry reaches another one."""


class Loading(RequestFailed):
    """The server's engine is still loading; nothing was spoken."""


class RequestExpired(RequestFailed):
    """The request's own `deadline_ms` passed before its speech was complete."""


class RequestDropped(RequestFailed):
    """The worker cancelled the request, because its client stopped reading."""


class EngineFailure(RequestFailed):
    """The model failed or could not be loaded, or the worker crashed."""


class StoreFailure(RequestFailed):
    """The worker cannot read the voices, or cannot write a large result."""


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
"""The class of each code that can end a request."""


def _as_object(error: Any) -> dict[str, Any] | None:
    if isinstance(error, str):
        try:
            error = json.loads(error)
        except ValueError:
            return None
    return error if isinstance(error, dict) else None
