"""OpenAI's speech API, for every client that speaks it already."""

from typing import Any

from fastapi import APIRouter, Request

from voices.voice import DEFAULT_VOICE_ID
from worker.events import HealthEvent
from worker.server import documents
from worker.server.backend import Backend, arrival
from worker.server.bodies import json_object
from worker.server.failures import Json, NotFound
from worker.server.openai_documents import MODEL, MODEL_LIST, REQUEST, SPEECH_EVENT, VOICE_LIST
from worker.server.openai_request import MODELS, job_input_of, wants_events
from worker.server.speaking import SpeechResponse
from worker.server.wires import AudioWire, SpeechEventsWire


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
        body = await json_object(request)
        job_input = job_input_of(body, backend.server_settings.voice_aliases)
        await _check_model(backend, body["model"])
        wire = SpeechEventsWire(len(job_input["text"])) if wants_events(body) else AudioWire()
        asked = arrival(request.headers.get("x-request-id"))
        return SpeechResponse(backend, job_input, wire, asked, "openai")

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
        return Json({"object": "list", "data": [_model(each) for each in await _model_names(backend)]})

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
        await _check_model(backend, model)
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
        aliases = [{"id": name, "name": name} for name in backend.server_settings.voice_aliases]
        return Json({"voices": [{"id": DEFAULT_VOICE_ID, "name": "Default"}, *sound, *aliases]})

    return routes


async def _model_names(backend: Backend) -> list[str]:
    event = await backend.ask({"action": "health"})
    assert isinstance(event, HealthEvent)  # noqa: S101  # what the action answers
    return [event.engine, *MODELS]


async def _check_model(backend: Backend, name: object) -> None:
    """Raise ``NotFound`` for a model that is neither the engine nor one of OpenAI's."""
    if name in MODELS:
        return
    names = await _model_names(backend)
    if name not in names:
        raise NotFound(f"model: use one of {', '.join(names)}.", field="model")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatterpod"}
