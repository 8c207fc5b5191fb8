"""What the OpenAPI document says of OpenAI's routes."""

from typing import Any

from voices.voice import DEFAULT_VOICE_ID
from worker.server import documents
from worker.server.openai_request import MODELS, OUR_FIELDS, STREAM_FORMATS

_VOICE = (
    "A voice id, or an alias of one. The names of OpenAI's voices, where they are neither, speak in the "
    "default voice, and `X-Voice-Substituted` says so."
)


def _request() -> dict[str, Any]:
    ours = documents.speech_schema()["properties"]
    voice = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["input"],
        "additionalProperties": False,
        "properties": {
            "model": {
                "type": "string",
                "description": "The engine's name, or one of OpenAI's.",
                "examples": [*MODELS],
            },
            "input": {"type": "string", "minLength": 1, "description": "What to speak."},
            "voice": {
                "anyOf": [{"type": "string"}, voice],
                "default": DEFAULT_VOICE_ID,
                "description": _VOICE,
            },
            "instructions": {"type": "string", "description": "Taken, and not followed."},
            "response_format": {
                "type": "string",
                "default": "mp3",
                "description": "mp3, opus, aac, flac, wav, pcm; or another format of this server.",
            },
            "speed": ours["speed"],
            "stream": {
                "type": "boolean",
                "default": True,
                "description": "`false` answers with a finished file, its length told in advance.",
            },
            "stream_format": {"type": "string", "enum": [*STREAM_FORMATS], "default": "audio"},
            **{name: ours[name] for name in sorted(OUR_FIELDS) if name in ours},
        },
    }


REQUEST = _request()
SPEECH_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "string", "description": "JSON: speech.audio.delta or speech.audio.done."}
    },
}
MODEL = {
    "type": "object",
    "required": ["id", "object", "created", "owned_by"],
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "model"},
        "created": {"type": "integer"},
        "owned_by": {"type": "string"},
    },
}
MODEL_LIST = {
    "type": "object",
    "required": ["object", "data"],
    "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": MODEL}},
}
VOICE_LIST = {
    "type": "object",
    "required": ["voices"],
    "properties": {
        "voices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
            },
        }
    },
}
