"""OpenAI's speech API, for every client that speaks it already."""

from typing import Any

from fastapi import APIRouter, Request

from voices.errors import UnknownVoice
from voices.voice import DEFAULT_VOICE_ID
from worker.server import openapi as documents
from worker.server.backend import Backend, arrival
from worker.server.bodies import json_object
from worker.server.failures import Json, NotFound
from worker.server.routes.openai_request import (
    MODELS,
    OUR_FIELDS,
    STREAM_FORMATS,
    VOICES,
    is_openais,
    read_request,
)
from worker.server.speech_response import SpeechResponse

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


def openai_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["OpenAI"], prefix="/v1")

    @routes.post(
        "/audio/speech",
        summary="Speak as OpenAI does",
        status_code=200,
        response_class=SpeechResponse,
        responses={
            200: documents.spoken(
                "The audio while it is spoken.", others={"text/event-stream": SPEECH_EVENT}
            ),
            **documents.failures(*documents.SPEECH_FAILURES, openai=True),
        },
        openapi_extra=documents.body(
            REQUEST,
            {
                "MP3": {"model": "tts-1", "input": "Hello there.", "voice": "default"},
                "server-sent events": {
                    "model": "gpt-4o-mini-tts",
                    "input": "Hello there.",
                    "voice": {"id": "default"},
                    "response_format": "pcm",
                    "stream_format": "sse",
                },
            },
        ),
    )
    async def speech(request: Request) -> SpeechResponse:
        """Answer with audio, or with `stream_format` `sse` with OpenAI's events."""
        asked = read_request(await json_object(request))
        if asked.model is not None:
            _check_model(backend, asked.model)
        job_input, told = asked.job_input, {}
        if await _is_only_openais(backend, asked.voice):
            job_input = {**job_input, "voice_id": DEFAULT_VOICE_ID}
            told = {"X-Voice-Substituted": asked.voice}
        arrived = arrival(request.headers.get("x-request-id"))
        return SpeechResponse(
            backend, job_input, asked.wire, arrived, "openai", ignored=asked.ignored, told=told
        )

    @routes.get(
        "/models",
        summary="The models",
        response_class=Json,
        responses={
            200: documents.answers(MODEL_LIST, "The models."),
            **documents.failures(500, openai=True),
        },
    )
    async def models() -> Json:
        """List the engine, and OpenAI's names under which it answers too."""
        return Json({"object": "list", "data": [_model(each) for each in _model_names(backend)]})

    @routes.get(
        "/models/{model}",
        summary="A model",
        response_class=Json,
        responses={
            200: documents.answers(MODEL, "The model."),
            **documents.failures(404, 500, openai=True),
        },
    )
    async def model(model: str) -> Json:
        """Describe one model."""
        _check_model(backend, model)
        return Json(_model(model))

    @routes.get(
        "/audio/voices",
        summary="The voices, as OpenAI-like servers list them",
        response_class=Json,
        responses={
            200: documents.answers(VOICE_LIST, "The voices."),
            **documents.failures(500, openai=True),
        },
    )
    async def voices() -> Json:
        """List the voices that can be spoken, the aliases included."""
        sound = [
            {"id": each["voice_id"], "name": each.get("name", each["voice_id"])}
            for each in await backend.voices()
            if "error" not in each
        ]
        aliases = [{"id": name, "name": name} for name in backend.settings.voice_aliases]
        return Json({"voices": [{"id": DEFAULT_VOICE_ID, "name": "Default"}, *sound, *aliases]})

    return routes


def _model_names(backend: Backend) -> list[str]:
    return [backend.engine_name, *MODELS]


def _check_model(backend: Backend, name: str) -> None:
    """Raise ``NotFound`` for a model that is neither the engine nor one of OpenAI's."""
    if is_openais(name):
        return
    names = _model_names(backend)
    if name not in names:
        raise NotFound(f"model: use one of {', '.join(names)}.", field="model")


async def _is_only_openais(backend: Backend, voice: str) -> bool:
    """Whether a voice's name is one of OpenAI's, and neither a voice here nor an alias of one."""
    if voice.lower() not in VOICES or voice in backend.settings.voice_aliases:
        return False
    try:
        await backend.errands.ask(("locate", voice.lower()), lambda: backend.library.locate(voice.lower()))
    except UnknownVoice:
        return True
    return False


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatterpod"}
