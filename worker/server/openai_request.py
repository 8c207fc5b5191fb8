"""OpenAI's request for speech, and the job's input that it becomes."""

from collections.abc import Mapping
from typing import Any

from voices.errors import InvalidRequest
from worker.request import SpeechRequest

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's own names, under which its clients ask; the engine's name is the honest one."""
STREAM_FORMATS = ("audio", "sse")
OUR_FIELDS = set(SpeechRequest.model_fields) - {"action", "text", "voice_id", "format", "speed", "stream"}
"""What a request may have beside OpenAI's own fields."""
_RATE = 24_000
"""Hz. OpenAI's clients take it for granted."""
_TELEPHONE_RATE = 8_000
_SLOWEST, _FASTEST = 0.25, 4.0
_NAMES = {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"}


def job_input_of(body: dict[str, Any], aliases: Mapping[str, str]) -> dict[str, Any]:
    """Return a body as a job's input, its voice an alias or an id; raises ``InvalidRequest``."""
    _check_fields(body)
    voice = body["voice"]["id"] if isinstance(body["voice"], dict) else body["voice"]
    name = body.get("response_format") or "mp3"
    given = {
        "text": body["input"],
        "voice_id": aliases.get(voice, voice),
        "format": name,
        "speed": body.get("speed"),
        **{field: value for field, value in body.items() if field in OUR_FIELDS},
    }
    if given.get("sample_rate") is None and "_" not in str(name):
        given["sample_rate"] = _TELEPHONE_RATE if str(name) in {"ulaw", "alaw"} else _RATE
    return {field: value for field, value in given.items() if value is not None}


def wants_events(body: dict[str, Any]) -> bool:
    """Whether the answer is to be server-sent events; raises ``InvalidRequest``."""
    chosen = body.get("stream_format") or "audio"
    if chosen not in STREAM_FORMATS:
        raise InvalidRequest("stream_format: use audio or sse.", field="stream_format")
    return bool(chosen == "sse")


def _check_fields(body: dict[str, Any]) -> None:
    """Raise ``InvalidRequest`` for what only OpenAI's form of a request can have wrong."""
    for name in body:
        if name not in _NAMES | OUR_FIELDS:
            raise InvalidRequest(f"There is no field {name[:80]!r}.", field=name[:80])
    for name in ("model", "input"):
        if not isinstance(body.get(name), str):
            raise InvalidRequest(f"{name} is required, and is a string.", field=name)
    voice = body.get("voice")
    if isinstance(voice, dict):
        voice = voice.get("id")
    if not isinstance(voice, str):
        raise InvalidRequest('voice is required: a voice id, or {"id": VOICE_ID}.', field="voice")
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise InvalidRequest("instructions: use a string.", field="instructions")
    _check_speed(body.get("speed"))


def _check_speed(speed: object) -> None:
    """Refuse by its own sentence what OpenAI allows and this server cannot do."""
    bounds = SpeechRequest.model_json_schema()["properties"]["speed"]
    slowest, fastest = bounds["minimum"], bounds["maximum"]
    if isinstance(speed, int | float) and not slowest <= speed <= fastest:
        allowed = "OpenAI's API allows it, but " if _SLOWEST <= speed <= _FASTEST else ""
        raise InvalidRequest(
            f"speed: {allowed}this server speaks {slowest} to {fastest} times as fast (not {speed!r}).",
            field="speed",
        )
