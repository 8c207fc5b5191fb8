"""Additions to the OpenAPI document that FastAPI generates from routes and models."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from fastapi import FastAPI
from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import override

from voices.errors import ChatterpodError, InvalidRequest, UnknownVoice, VoiceCorrupt, VoiceExists
from worker.audio.formats import FORMATS
from worker.events import AudioEvent, EndEvent, StartEvent
from worker.server.failures import (
    STATUSES,
    BodyTimeout,
    Loading,
    MethodNotAllowed,
    NotAuthorised,
    NotEnabled,
    TooLarge,
    body_of,
)

T = TypeVar("T")


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Maybe = Annotated[T | SkipJsonSchema[None], Field(json_schema_extra=_without_default)]
"""An optional field that is never null if present."""


class ErrorObject(BaseModel):
    """An error of this server."""

    code: Annotated[str, Field(json_schema_extra={"enum": sorted(STATUSES)})]
    message: Annotated[str, Field(description="A sentence that says what to do.")]
    field: Annotated[str | None, Field(description="The field at fault.")]
    reason: Annotated[
        Maybe[str], Field(description="A subcode where a field has several possible errors.")
    ] = None
    retry_after_s: Annotated[Maybe[float], Field(description="Seconds after which a retry may succeed.")] = (
        None
    )


class ErrorAnswer(BaseModel):
    """An error response."""

    error: ErrorObject


class OpenAIErrorObject(BaseModel):
    """An error in OpenAI's shape."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: Annotated[str | None, Field(description="The field at fault, by OpenAI's name.")]
    code: str | None


class OpenAIErrorAnswer(BaseModel):
    """An error response in OpenAI's shape."""

    error: OpenAIErrorObject


SPOKEN_HEADERS = {
    "X-Request-Id": "The request's id in the server's log: the client's own, if it sent a valid one.",
    "X-Voice-Id": "The voice that speaks.",
    "X-Engine": "The engine that speaks.",
    "X-Audio-Format": "The format without its sample rate and bit rate.",
    "X-Sample-Rate": "Hz.",
    "X-Ignored": "Fields of the request that had no effect.",
    "X-Voice-Substituted": "The requested name of an OpenAI voice, which the default voice replaces.",
}
"""Headers of an audio response."""
_MEANINGS: dict[int, tuple[str, ChatterpodError]] = {
    400: (
        "The request is invalid: `field` names the invalid field.",
        InvalidRequest("text is required.", field="text"),
    ),
    401: ("The API key is missing or wrong.", NotAuthorised("The API key is missing or wrong.")),
    403: ("Not allowed here.", NotEnabled("Voices cannot be changed here.")),
    404: ("There is no such voice, model or stream.", UnknownVoice("nobody")),
    405: ("The path does not support this method.", MethodNotAllowed("Use POST here.")),
    408: (
        "The deadline passed, or the body did not arrive.",
        BodyTimeout("The request's body took longer than 30 s."),
    ),
    409: ("The voice exists already, or another request is changing it.", VoiceExists("anna")),
    413: ("The body is too large.", TooLarge("The request is larger than 1 MB.")),
    500: ("The engine failed, or the voice is damaged.", VoiceCorrupt("anna", "reference.flac is missing")),
    503: ("Loading, overloaded or shutting down: retry after the seconds in `Retry-After`.", Loading()),
}
"""The description and an example error of each error status."""
_COMMON_STATUSES = (401, 403, 405, 503)
SPEECH_FAILURES = (400, 404, 408, 413, 500)
"""Error statuses of a request to speak, in addition to those of every route."""

Responses = dict[int | str, dict[str, Any]]
"""Responses by status, in FastAPI's form."""


def failures(*statuses: int, openai: bool = False) -> Responses:
    """Describe a route's error responses, including those of every route."""
    model = OpenAIErrorAnswer if openai else ErrorAnswer
    return {
        status: {"model": model, "description": _MEANINGS[status][0]}
        for status in sorted({*statuses, *_COMMON_STATUSES})
    }


def audio_answer(
    description: str, mimes: Iterable[str], others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe an audio response; ``others`` are further media types and their schemas."""
    audio = {mime: {"type": "string", "format": "binary"} for mime in sorted(set(mimes))}
    content = {mime: {"schema": schema} for mime, schema in {**audio, **(others or {})}.items()}
    return {"description": description, "content": content}


def _line(kind: str, model: Any) -> dict[str, Any]:
    """Return the schema of an event's line: the model's fields and the event's type."""
    schema = _inlined(TypeAdapter(model).json_schema(mode="serialization"))
    properties = {"type": {"const": kind}, **schema["properties"]}
    if "audio" in properties:
        properties["audio"] = {"type": "string", "contentEncoding": "base64"}
    return {**schema, "properties": properties, "required": ["type", *schema["required"]]}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its references inlined, since a media type's schema cannot have definitions."""
    definitions = schema.get("$defs", {})

    def inline(part: Any) -> Any:
        match part:
            case {"$ref": str(reference)}:
                return inline(definitions[reference.rpartition("/")[2]])
            case dict():
                return {name: inline(each) for name, each in part.items() if name != "$defs"}
            case list():
                return [inline(each) for each in part]
        return part

    inlined: dict[str, Any] = inline(schema)
    return inlined


EVENT_LINE: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "oneOf": [
        *(_line(event.type, event) for event in (StartEvent, AudioEvent, EndEvent)),
        _line("error", ErrorAnswer),
    ],
}
"""The schema of a line of ``application/x-ndjson``; an error can be the last line."""


def spoken(
    description: str, names: Iterable[str] = tuple(FORMATS), others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe an audio response in the named formats, including its headers."""
    headers = {
        name: {"description": said, "schema": {"type": "string"}} for name, said in SPOKEN_HEADERS.items()
    }
    return {**audio_answer(description, (FORMATS[name].mime for name in names), others), "headers": headers}


class DocumentedApp(FastAPI):
    """An application whose document has the API key's security schemes, and 400 instead of FastAPI's 422."""

    def __init__(self, *, needs_key: bool, open_paths: Iterable[str], **settings: Any) -> None:
        """Initialise it; the key is optional without ``needs_key``, and unused on ``open_paths``."""
        super().__init__(**settings)
        self._needs_key = needs_key
        self._open_paths = frozenset(open_paths)

    @override
    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        if self.openapi_schema is None:
            self._complete(super().openapi())
        assert self.openapi_schema is not None  # noqa: S101  # FastAPI keeps what it returns
        return self.openapi_schema

    def _complete(self, document: dict[str, Any]) -> None:
        """Add security schemes and examples of errors, and remove FastAPI's own errors."""
        components = document["components"]
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        for path, methods in document["paths"].items():
            for operation in methods.values():
                operation["responses"].pop("422", None)  # ours are 400
                _show_errors(operation["responses"], path)
                if path in self._open_paths:
                    operation["security"] = []
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        keys: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]
        document["security"] = keys if self._needs_key else [{}, *keys]


def _show_errors(answers: dict[str, Any], path: str) -> None:
    """Add an example to each error response; done here because FastAPI drops nulls from examples."""
    for status, answer in answers.items():
        if int(status) in _MEANINGS and "content" in answer:
            answer["content"]["application/json"]["example"] = body_of(_MEANINGS[int(status)][1], path)
