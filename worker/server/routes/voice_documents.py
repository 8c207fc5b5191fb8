"""What the OpenAPI document says of voices."""

from typing import Any

from worker.server.openapi import VOICE

CLIP_MIMES = {
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
}
"""Of a reference clip, by its ending."""

LIST: dict[str, Any] = {
    "type": "object",
    "required": ["voices"],
    "properties": {"voices": {"type": "array", "items": VOICE}},
}
ADDED: dict[str, Any] = {
    "type": "object",
    "required": ["voice_id", "name", "seconds", "warnings"],
    "properties": {
        **VOICE["properties"],
        "seconds": {"type": "number", "description": "Of the reference clip."},
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
}
FACTS: dict[str, Any] = {
    **VOICE,
    "properties": {
        **VOICE["properties"],
        "created_at": {"type": "string", "format": "date-time"},
        "clip": {
            "type": "object",
            "description": "Measured on the reference clip.",
            "properties": {
                "seconds": {"type": "number"},
                "speech_seconds": {"type": "number"},
                "sample_rate": {"type": "integer"},
                "loudness_lufs": {"type": "number"},
                "peak_dbfs": {"type": "number"},
                "snr_db": {"type": "number"},
            },
        },
        "prompt_seconds": {"type": "number", "description": "Of the clip, that lead each decode."},
        "bytes": {"type": "integer", "description": "Of all its files."},
    },
}
CHANGES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 200},
        "language": {"type": ["string", "null"], "description": "A tag such as pt-BR, or a name."},
        "labels": {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["string", "null"]},
            "description": "Null removes a label; those that are not sent stay.",
        },
    },
}
