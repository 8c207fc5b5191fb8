"""Errors over HTTP: each code has a status, and a body in our shape or OpenAI's.

ChatterpodError                      (worker/errors.py)
├── Loading              loading             503   the engine is still being loaded
├── NotAuthorised        not_authorised      401   the key is missing or wrong
├── OriginRefused        origin_refused      403   the request comes from a page of another site
├── HostRefused          host_refused        403   the Host header names another server
├── NotEnabled           not_enabled         403   the deployment has not enabled this
├── NotFound             not_found           404   no such path, model or stream
├── MethodNotAllowed     method_not_allowed  405
├── BodyTimeout          body_timeout        408   the request's body did not arrive
└── TooLarge             too_large           413   the request's body exceeds the upper bound
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse
from typing_extensions import override

from voices.errors import ChatterpodError, UnknownVoice, VoiceBusy, VoiceExists


class Loading(ChatterpodError):
    """The engine is still being loaded."""

    code = "loading"

    def __init__(
        self, message: str = "The engine is still being loaded: try again in a few seconds."
    ) -> None:
        super().__init__(message, retry_after_s=5.0)


class NotAuthorised(ChatterpodError):
    """The API key is missing or wrong."""

    code = "not_authorised"


class OriginRefused(ChatterpodError):
    """The request comes from a page of another site that is not in CORS_ORIGINS."""

    code = "origin_refused"


class HostRefused(ChatterpodError):
    """The Host header names another server."""

    code = "host_refused"


class NotEnabled(ChatterpodError):
    """The deployment has not enabled this."""

    code = "not_enabled"


class NotFound(ChatterpodError):
    """No such path, model or stream exists."""

    code = "not_found"


class MethodNotAllowed(ChatterpodError):
    """The path exists, but does not support this method."""

    code = "method_not_allowed"


class BodyTimeout(ChatterpodError):
    """The request's body did not arrive in time."""

    code = "body_timeout"


class TooLarge(ChatterpodError):
    """The request's body exceeds the upper bound."""

    code = "too_large"


STATUSES = {
    "invalid_request": 400,
    "text_too_long": 400,
    "not_authorised": 401,
    "not_enabled": 403,
    "origin_refused": 403,
    "host_refused": 403,
    "not_found": 404,
    "unknown_voice": 404,
    "method_not_allowed": 405,
    "body_timeout": 408,
    "deadline_exceeded": 408,  # the client set the limit
    "voice_exists": 409,
    "voice_busy": 409,
    "resume_busy": 409,
    "too_large": 413,
    "engine_failure": 500,
    "voice_corrupt": 500,
    "voice_incompatible": 500,
    "cancelled": 503,
    "loading": 503,
    "overloaded": 503,
    "shutting_down": 503,
    "store_failure": 503,
}
_SERVER_ERROR = 500

_OPENAI = "/v1"
_OURS_BELOW_IT = "/v1/synthesize"


class Json(JSONResponse):
    """JSON in ASCII, since a message may quote a client's invalid Unicode."""

    @override
    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


def status_of(error: ChatterpodError) -> int:
    """Return the HTTP status of an error."""
    return STATUSES.get(error.code, _SERVER_ERROR)


def is_openai(path: str) -> bool:
    """Whether a path, which need not exist, is one of OpenAI's API: its clients read only OpenAI's errors."""
    return f"{path}/".startswith(f"{_OPENAI}/") and not path.startswith(_OURS_BELOW_IT)


def body_of(error: ChatterpodError, path: str) -> dict[str, Any]:
    """Return the JSON object that reports an error on a path."""
    return {"error": openai_error(error) if is_openai(path) else our_error(error)}


def our_error(error: ChatterpodError) -> dict[str, str | float | None]:
    """Return the error as on the queue, its message without shell commands."""
    return {**error.for_clients(), "message": _in_words_of_http(error, "/voices")}


def openai_error(error: ChatterpodError) -> dict[str, str | None]:
    """Return the error in OpenAI's shape, with OpenAI's names for the fields."""
    kind = "server_error" if status_of(error) >= _SERVER_ERROR else "invalid_request_error"
    code = "invalid_api_key" if isinstance(error, NotAuthorised) else error.code
    message, param = _in_words_of_http(error, "/v1/audio/voices"), error.field
    if param in _OPENAI_NAMES:
        message = re.sub(rf"^{param}\b", _OPENAI_NAMES[param], message)
        param = _OPENAI_NAMES[param]
    return {"message": message, "type": kind, "param": param, "code": code}


_OPENAI_NAMES = {"text": "input", "voice_id": "voice", "format": "response_format"}


def _in_words_of_http(error: ChatterpodError, voices_path: str) -> str:
    """Return an error's message without shell commands."""
    match error:
        case UnknownVoice():
            return f"There is no voice {error.voice_id!r}: GET {voices_path} lists the voices."
        case VoiceExists():
            return (
                f"There is already a voice {error.voice_id!r}: choose another id, "
                "or replace it with the field replace=true."
            )
        case VoiceBusy():
            return f"Someone else is changing the voice {error.voice_id!r} right now: try again in a minute."
    return error.told


def answer_to(error: ChatterpodError, path: str, headers: Mapping[str, str] | None = None) -> Json:
    """Return the response that reports an error."""
    all_headers = dict(headers or {})
    if error.retry_after_s is not None:
        all_headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if isinstance(error, NotAuthorised):
        all_headers["WWW-Authenticate"] = "Bearer"
    return Json(body_of(error, path), status_of(error), all_headers)
