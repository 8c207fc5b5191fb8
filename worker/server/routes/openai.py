"""OpenAI's speech API."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from voices.errors import UnknownVoice
from voices.voice import DEFAULT_VOICE_ID
from worker.server.backend import Backend, arrival
from worker.server.bodies import DescribedBy, JsonRoute, RequestId, examples
from worker.server.failures import NotFound
from worker.server.openapi import SPEECH_FAILURES, failures, spoken
from worker.server.routes.dependencies import TheBackend
from worker.server.routes.openai_request import MODELS, VOICES, OpenAISpeechBody, is_openais, read_request
from worker.server.speech_response import SpeechResponse

_Speech = Annotated[dict[str, Any], DescribedBy(OpenAISpeechBody)]
_EXAMPLES = {
    "MP3": {"model": "tts-1", "input": "Hello there.", "voice": "default"},
    "server-sent events": {
        "model": "gpt-4o-mini-tts",
        "input": "Hello there.",
        "voice": {"id": "default"},
        "response_format": "pcm",
        "stream_format": "sse",
    },
}


class ServerSentEvent(BaseModel):
    """One of OpenAI's events."""

    data: Annotated[str, Field(description="JSON: speech.audio.delta or speech.audio.done.")]


class Model(BaseModel):
    """A model in OpenAI's shape."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str

    @classmethod
    def named(cls, name: str) -> "Model":
        """Return the model of a name."""
        return cls(id=name, object="model", created=0, owned_by="chatterpod")


class ModelList(BaseModel):
    """The engine's name and OpenAI's model names, which it accepts."""

    object: Literal["list"]
    data: list[Model]


class OpenAIVoice(BaseModel):
    """A usable voice."""

    id: str
    name: str


class OpenAIVoiceList(BaseModel):
    """The voices, as OpenAI-like servers list them."""

    voices: list[OpenAIVoice]


openai_routes = APIRouter(
    tags=["OpenAI"], prefix="/v1", responses=failures(500, openai=True), route_class=JsonRoute
)


@openai_routes.post(
    "/audio/speech",
    summary="Speak a text by OpenAI's API",
    status_code=200,
    response_class=SpeechResponse,
    responses={
        200: spoken(
            "The audio, streamed.",
            others={"text/event-stream": ServerSentEvent.model_json_schema()},
        ),
        **failures(*SPEECH_FAILURES, openai=True),
    },
)
async def speech(
    backend: TheBackend, body: Annotated[_Speech, examples(_EXAMPLES)], x_request_id: RequestId = None
) -> SpeechResponse:
    """Respond with audio, or for `stream_format` `sse` with OpenAI's events."""
    asked = read_request(body)
    if asked.model is not None:
        _check_model(backend, asked.model)
    job_input, headers = asked.job_input, {}
    if await _is_only_openais(backend, asked.voice):
        job_input = {**job_input, "voice_id": DEFAULT_VOICE_ID}
        headers = {"X-Voice-Substituted": asked.voice}
    return SpeechResponse(
        backend,
        job_input,
        asked.wire,
        arrival(x_request_id),
        "openai",
        ignored=asked.ignored,
        extra_headers=headers,
    )


@openai_routes.get("/models", summary="The models", response_description="The models.")
async def models(backend: TheBackend) -> ModelList:
    """List the engine's name and OpenAI's model names, which it accepts."""
    return ModelList(object="list", data=[Model.named(each) for each in _model_names(backend)])


@openai_routes.get(
    "/models/{model}",
    summary="A model",
    response_description="The model.",
    responses=failures(404, openai=True),
)
async def model(model: str, backend: TheBackend) -> Model:
    """Describe one model."""
    _check_model(backend, model)
    return Model.named(model)


@openai_routes.get(
    "/audio/voices",
    summary="The voices, as OpenAI-like servers list them",
    response_description="The voices.",
)
async def voices(backend: TheBackend) -> OpenAIVoiceList:
    """List the usable voices, including aliases."""
    sound = [
        OpenAIVoice(id=each["voice_id"], name=each.get("name", each["voice_id"]))
        for each in await backend.voices()
        if "error" not in each
    ]
    aliases = [OpenAIVoice(id=name, name=name) for name in backend.settings.voice_aliases]
    return OpenAIVoiceList(voices=[OpenAIVoice(id=DEFAULT_VOICE_ID, name="Default"), *sound, *aliases])


def _model_names(backend: Backend) -> list[str]:
    return [backend.engine_name, *MODELS]


def _check_model(backend: Backend, name: str) -> None:
    """Raise ``NotFound`` for a model that is neither the engine's nor one of OpenAI's."""
    if is_openais(name):
        return
    names = _model_names(backend)
    if name not in names:
        raise NotFound(f"model: use one of {', '.join(names)}.", field="model")


async def _is_only_openais(backend: Backend, voice: str) -> bool:
    """Whether a name is an OpenAI voice's, and neither a voice nor an alias here."""
    if voice.lower() not in VOICES or voice in backend.settings.voice_aliases:
        return False
    try:
        await backend.errands.ask(("locate", voice.lower()), lambda: backend.library.locate(voice.lower()))
    except UnknownVoice:
        return True
    return False
