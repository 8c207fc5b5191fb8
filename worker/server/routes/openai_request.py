"""OpenAI's request for speech, and the job's input that it becomes."""

import re
from dataclasses import dataclass
from typing import Any

from voices.errors import InvalidRequest
from voices.voice import DEFAULT_VOICE_ID
from worker.request import SpeechRequest
from worker.server.wires import AudioWire, FileWire, SpeechEventsWire, Wire

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's own names, under which its clients ask; the engine's name is the honest one."""
_DATED = re.compile(rf"({'|'.join(MODELS)})(-\d+)+")
"""As in gpt-4o-mini-tts-2025-12-15."""
VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "marin"),
    *("nova", "onyx", "sage", "shimmer", "verse", "cedar"),
)
"""OpenAI's own, which its clients name when nobody told them otherwise."""
STREAM_FORMATS = ("audio", "sse")
OUR_FIELDS = set(SpeechRequest.model_fields) - {"action", "text", "voice_id", "format", "speed", "stream"}
"""What a request may have beside OpenAI's own fields."""
_RATE = 24_000
"""Hz. OpenAI's clients take it for granted."""
_TELEPHONE_RATE = 8_000
_NAMES = ("input", "model", "voice", "instructions", "response_format", "speed", "stream_format", "stream")


@dataclass(frozen=True)
class SpeechAsked:
    """What a body asks for."""

    job_input: dict[str, Any]
    model: str | None
    """None is the engine that there is."""
    voice: str
    """As it was named: an id, an alias, or one of ``VOICES``."""
    wire: Wire
    ignored: tuple[str, ...]
    """Fields that are taken and not followed."""


def read_request(body: dict[str, Any]) -> SpeechAsked:
    """Read a body without nulls; raises ``InvalidRequest`` for what only OpenAI's form can have wrong.

    What it has in common with the job's input is checked where that is.
    """
    for name in body:
        if name not in {*_NAMES, *OUR_FIELDS}:
            raise InvalidRequest(
                f"There is no field {name[:80]!r} here: OpenAI's are {', '.join(_NAMES)}.", field=name[:80]
            )
    if not isinstance(body.get("input"), str):
        raise InvalidRequest("input is required, and is a string.", field="input")
    name = _string(body, "response_format") or "mp3"
    voice = _voice(body)
    given = {
        "text": body["input"],
        "voice_id": voice,
        "format": name,
        "sample_rate": None if "_" in name else _TELEPHONE_RATE if name in {"ulaw", "alaw"} else _RATE,
        **{field: value for field, value in body.items() if field in OUR_FIELDS | {"speed"}},
    }
    return SpeechAsked(
        job_input={field: value for field, value in given.items() if value is not None},
        model=_string(body, "model"),
        voice=voice,
        wire=_wire(body),
        ignored=("instructions",) if _string(body, "instructions") else (),
    )


def is_openais(model: str) -> bool:
    """Whether a model's name is one of OpenAI's for speech."""
    return model in MODELS or _DATED.fullmatch(model) is not None


def _string(body: dict[str, Any], field: str) -> str | None:
    """Return a field that may be left out, or be empty, which is the same."""
    value = body.get(field, "")
    if not isinstance(value, str):
        raise InvalidRequest(f"{field}: use a string.", field=field)
    return value or None


def _voice(body: dict[str, Any]) -> str:
    voice = body.get("voice")
    if isinstance(voice, dict) and not voice.keys() - {"id"}:
        voice = voice.get("id")
    if voice is None or voice == "":
        return DEFAULT_VOICE_ID
    if not isinstance(voice, str):
        raise InvalidRequest('voice: use a voice id, or {"id": VOICE_ID}.', field="voice")
    return voice


def _wire(body: dict[str, Any]) -> Wire:
    """Return the form of the answer: audio while it is spoken, unless the body says otherwise."""
    streams = body.get("stream", True)
    if not isinstance(streams, bool):
        raise InvalidRequest("stream: use true or false.", field="stream")
    chosen = _string(body, "stream_format") or "audio"
    if chosen not in STREAM_FORMATS:
        raise InvalidRequest("stream_format: use audio or sse.", field="stream_format")
    if chosen == "sse":
        return SpeechEventsWire(len(body["input"]), whole=not streams)
    return AudioWire() if streams else FileWire()
