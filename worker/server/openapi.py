"""What the OpenAPI document says of bodies and answers: made of the models that check them."""

from collections.abc import Iterable, Mapping
from typing import Any

from worker.audio.formats import FORMATS
from worker.request import SpeechRequest
from worker.server.failures import STATUSES

ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "field"],
            "properties": {
                "code": {"type": "string", "enum": sorted(STATUSES)},
                "message": {"type": "string", "description": "What a person can act on."},
                "field": {"type": ["string", "null"], "description": "The field at fault."},
                "reason": {"type": "string", "description": "Which of several mistakes of a field it is."},
                "retry_after_s": {"type": "number", "description": "When the same request may succeed."},
            },
        }
    },
}
OPENAI_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string", "enum": ["invalid_request_error", "server_error"]},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
EVENT: dict[str, Any] = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
VOICE: dict[str, Any] = {
    "type": "object",
    "required": ["voice_id"],
    "properties": {
        "voice_id": {"type": "string"},
        "name": {"type": "string"},
        "language": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "precomputed": {"type": "boolean"},
        "built_in": {"type": "boolean"},
        "error": {"type": "object", "description": "Why a damaged voice cannot be spoken."},
    },
}
_BINARY = {"type": "string", "format": "binary"}
SPOKEN_HEADERS = {
    "X-Request-Id": "The request's name in the server's log: the client's own, where it sent one.",
    "X-Voice-Id": "The voice that speaks.",
    "X-Engine": "The engine that speaks.",
    "X-Audio-Format": "The format without its numbers.",
    "X-Sample-Rate": "Hz.",
    "X-Ignored": "Fields that were sent and had no effect.",
    "X-Voice-Substituted": "The name of OpenAI's that was asked for, and for which the default voice speaks.",
}
"""What an answer of audio tells beside it."""
SAID_BY = {
    400: "The request is wrong: `field` says where.",
    401: "The API key is missing or wrong.",
    403: "Not allowed here.",
    404: "There is no such voice, model or stream.",
    405: "The path is there, but not for this method.",
    408: "The deadline passed, or the body did not arrive.",
    409: "There is such a voice already, or someone is changing it.",
    413: "The body is too large.",
    500: "The engine failed, or the voice is damaged.",
    503: "Loading, overloaded or shutting down: `Retry-After` says when to try again.",
}


def speech_schema(*, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the JSON schema of a request to speak, its other names included."""
    schema = SpeechRequest.model_json_schema()
    properties = schema["properties"]
    properties["text"] |= {"minLength": 1, "description": "What to speak."}
    names = ", ".join(FORMATS)
    properties["format"]["description"] = f"{names}; or with its numbers, as in `mp3_44100_128`."
    properties["voice"] = {"type": "string", "description": "Another name of `voice_id`."}
    if "format" not in without:
        properties["response_format"] = {"type": "string", "description": "Another name of `format`."}
    for name in {"action", *without}:
        properties.pop(name, None)
    return schema


def body(schema: dict[str, Any], examples: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describe a JSON body by its schema and named examples."""
    shown = {name.replace(" ", "-"): {"summary": name, "value": value} for name, value in examples.items()}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": shown}},
        }
    }


def spoken(
    description: str, mimes: list[str] | None = None, others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe an answer of audio; ``others`` are further media types and their schemas."""
    mimes = mimes or sorted({audio_format.mime for audio_format in FORMATS.values()})
    content: dict[str, Any] = {mime: {"schema": _BINARY} for mime in mimes}
    content |= {mime: {"schema": schema} for mime, schema in (others or {}).items()}
    headers = {
        name: {"description": said, "schema": {"type": "string"}} for name, said in SPOKEN_HEADERS.items()
    }
    return {"description": description, "content": content, "headers": headers}


def spoken_file(description: str, mimes: Iterable[str]) -> dict[str, Any]:
    """Describe an answer of audio that was not made for it."""
    return {"description": description, "content": {mime: {"schema": _BINARY} for mime in sorted(set(mimes))}}


def answers(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe an answer of JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def failures(*statuses: int, openai: bool = False) -> dict[int | str, dict[str, Any]]:
    """Describe the errors that a route can answer with."""
    schema = OPENAI_ERROR if openai else ERROR
    return {status: answers(schema, SAID_BY[status]) for status in sorted({*statuses, 401, 403, 405, 503})}


SPEECH_FAILURES = (400, 404, 408, 413, 500)
