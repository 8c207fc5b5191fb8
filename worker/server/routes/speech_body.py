"""The body of a request to speak: the queue's request without the fields that a route sets itself."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from worker.audio.formats import FORMATS
from worker.request import SpeechRequest
from worker.server.openapi import Maybe

_DESCRIPTIONS = {
    "text": "The text to speak.",
    "format": f"{', '.join(FORMATS)}; or with sample rate and bit rate, as in `mp3_44100_128`.",
}


class _SpeechBody(BaseModel):
    """Speak `text`. Omitted fields take the engine's defaults."""

    model_config = ConfigDict(extra="forbid")

    voice: Annotated[Maybe[str], Field(description="Another name of `voice_id`.")] = None


class _WithFormat(_SpeechBody):
    response_format: Annotated[Maybe[str], Field(description="Another name of `format`.")] = None


def request_fields(*without: str) -> dict[str, Any]:
    """Return a request's fields in ``create_model``'s form, except ``action`` and those of ``without``."""
    return {
        name: (Annotated[field.annotation, field, _described(name, field)], field.default)
        for name, field in SpeechRequest.model_fields.items()
        if name not in {"action", *without}
    }


def _described(name: str, field: FieldInfo) -> Any:
    description = _DESCRIPTIONS.get(name, field.description)
    return Field(description=description, json_schema_extra={"minLength": 1} if name == "text" else None)


def speech_body(name: str, *without: str) -> type[BaseModel]:
    """Return a request's model, called ``name`` in the document, except the fields of ``without``."""
    base = _SpeechBody if "format" in without else _WithFormat
    return create_model(name, __base__=base, __doc__=_SpeechBody.__doc__, **request_fields(*without))
