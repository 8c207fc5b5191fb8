"""OpenAI's speech request, and its conversion to a job's input."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, create_model

from voices.voice import DEFAULT_VOICE_ID
from worker.request import SpeechRequest
from worker.server.bodies import read_model
from worker.server.routes.speech_body import request_fields
from worker.server.wires import AudioWire, FileWire, SpeechEventsWire, Wire

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's model names, which its clients send; the engine's own name is accepted too."""
_DATED = re.compile(rf"({'|'.join(MODELS)})(-\d+)+")
"""A dated model name, such as gpt-4o-mini-tts-2025-12-15."""
VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "marin"),
    *("nova", "onyx", "sage", "shimmer", "verse", "cedar"),
)
"""OpenAI's voice names, which its clients send by default."""
_SHARED_FIELDS = set(SpeechRequest.model_fields) - {"action", "text", "voice_id", "format", "stream"}
"""Fields of the queue's request that are passed on unchanged; ``speed`` is OpenAI's too."""
_RATE = 24_000
"""Hz; OpenAI's clients expect it."""
_TELEPHONE_RATE = 8_000
_NAMES = ("input", "model", "voice", "instructions", "response_format", "speed", "stream_format", "stream")


def _audio_if_empty(value: object) -> object:
    return "audio" if value == "" else value


class VoiceReference(BaseModel):
    """A voice as an object, which some of OpenAI's clients send."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | None = None


class OpenAIFields(BaseModel):
    """OpenAI's own fields; except for ``input``, an empty string means the default."""

    model_config = ConfigDict(extra="forbid", strict=True)

    input: Annotated[
        InstanceOf[str], Field(description="The text to speak.", json_schema_extra={"minLength": 1})
    ]
    response_format: Annotated[
        str, Field(description="mp3, opus, aac, flac, wav, pcm; or another format of this server.")
    ] = "mp3"
    voice: Annotated[
        InstanceOf[str] | VoiceReference,
        Field(
            description="A voice id or an alias. Any other name of an OpenAI voice selects the default "
            "voice, which `X-Voice-Substituted` reports."
        ),
    ] = DEFAULT_VOICE_ID
    model: Annotated[
        str,
        Field(description="The engine's name, or one of OpenAI's.", examples=[*MODELS]),
    ] = ""
    stream: Annotated[
        bool, Field(description="`false` returns a complete file with its `Content-Length`.")
    ] = True
    stream_format: Annotated[Literal["audio", "sse"], BeforeValidator(_audio_if_empty)] = "audio"
    instructions: Annotated[str, Field(description="Accepted, without effect.")] = ""


OpenAISpeechBody = create_model(
    "OpenAISpeechBody",
    __base__=OpenAIFields,
    __doc__="Speak `input`. Further fields are those of `/tts/generate`.",
    **request_fields("text", "voice_id", "format", "stream"),
)
_REMEDIES = {
    "": f"here: OpenAI's are {', '.join(_NAMES)}.",
    "input": "input is required, and is a string.",
    "voice": 'voice: use a voice id, or {"id": VOICE_ID}.',
    "stream": "stream: use true or false.",
    "stream_format": "stream_format: use audio or sse.",
    **{name: f"{name}: use a string." for name in ("response_format", "model", "instructions")},
}


@dataclass(frozen=True)
class OpenAIRequest:
    """A parsed request."""

    job_input: dict[str, Any]
    model: str | None
    """None means the loaded engine."""
    voice: str
    """The client's name for it: an id, an alias, or one of ``VOICES``."""
    wire: Wire
    ignored: tuple[str, ...]
    """Accepted fields that have no effect."""


def read_request(body: dict[str, Any]) -> OpenAIRequest:
    """Parse a body without nulls; raises ``InvalidRequest`` for an error in OpenAI's own fields.

    The service validates the fields that the queue's request shares.
    """
    shared = {name: value for name, value in body.items() if name in _SHARED_FIELDS}
    own = {name: value for name, value in body.items() if name not in _SHARED_FIELDS}
    asked = read_model(OpenAIFields, own, _REMEDIES)
    voice = _voice_name(asked.voice)
    output = asked.response_format or "mp3"
    return OpenAIRequest(
        job_input={
            "text": asked.input,
            "voice_id": voice,
            "format": output,
            **_usual_rate(output),
            **shared,
        },
        model=asked.model or None,
        voice=voice,
        wire=_wire(asked),
        ignored=("instructions",) if asked.instructions else (),
    )


def is_openais(model: str) -> bool:
    """Whether a model's name is one of OpenAI's for speech."""
    return model in MODELS or _DATED.fullmatch(model) is not None


def _voice_name(voice: str | VoiceReference) -> str:
    return (voice.id if isinstance(voice, VoiceReference) else voice) or DEFAULT_VOICE_ID


def _usual_rate(output: str) -> dict[str, int]:
    """Return the sample rate that OpenAI's clients expect, unless the format's name contains one."""
    if "_" in output:
        return {}
    return {"sample_rate": _TELEPHONE_RATE if output in {"ulaw", "alaw"} else _RATE}


def _wire(asked: OpenAIFields) -> Wire:
    """Return the response's wire: streamed audio, unless the body requests otherwise."""
    if asked.stream_format == "sse":
        return SpeechEventsWire(len(asked.input), whole=not asked.stream)
    return AudioWire() if asked.stream else FileWire()
