"""Voices over HTTP: list them, and where the deployment allows it, make one of a clip, or delete it."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, UploadFile
from starlette.responses import Response

from voices.errors import InvalidRequest
from voices.preparation import PreparedClip, prepare_clip
from voices.publication import Publisher
from voices.untrusted import decode_untrusted
from voices.voice import DEFAULT_VOICE_ID, VOICE_ID, Manifest
from worker.server import documents
from worker.server.backend import Backend
from worker.server.failures import Json, NotEnabled

_CLIPS_AT_ONCE = 2
"""Decoding and measuring take a core each: speech goes first."""
_DEFAULT = {"voice_id": DEFAULT_VOICE_ID, "name": "Default", "built_in": True}
_ADDED = {
    "type": "object",
    "required": ["voice_id", "name", "seconds", "warnings"],
    "properties": {
        **documents.VOICE["properties"],
        "seconds": {"type": "number", "description": "Of the reference clip."},
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
}
_LIST = {
    "type": "object",
    "required": ["voices"],
    "properties": {"voices": {"type": "array", "items": documents.VOICE}},
}
VoiceIdPath = Annotated[str, Path(pattern=f"^{VOICE_ID.pattern}$")]


def voice_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["voices"])
    clips = asyncio.Semaphore(_CLIPS_AT_ONCE)

    @routes.get(
        "/voices",
        summary="The voices",
        response_class=Json,
        responses={200: documents.answers(_LIST, "The voices."), **documents.failures(500)},
    )
    async def list_voices() -> Json:
        """List the voices, the built-in one first; a damaged one says that it is."""
        return Json({"voices": [_DEFAULT, *await backend.voices()]})

    @routes.post(
        "/voices",
        summary="Make a voice of a clip",
        status_code=201,
        response_class=Json,
        responses={
            201: documents.answers(_ADDED, "The voice; `warnings` say what could be better."),
            **documents.failures(400, 404, 408, 409, 413, 500),
        },
    )
    async def add_voice(
        *,
        clip: Annotated[UploadFile, File(description="10 to 15 s of one person speaking, in any format.")],
        voice_id: Annotated[str, Form(description="As in [a-z0-9][a-z0-9_-]{0,63}.", examples=["anna"])],
        name: Annotated[str | None, Form(description="A name for people.", examples=["Anna"])] = None,
        language: Annotated[str, Form(description="The language it speaks.", examples=["en"])] = "en",
        labels: Annotated[str, Form(description="A JSON object of strings.", examples=["{}"])] = "{}",
        replace: Annotated[bool, Form(description="Whether it may replace a voice of that id.")] = False,
    ) -> Json:
        """Prepare the clip, publish it, and let the engine compute what it needs of it.

        Only where the deployment sets `VOICE_UPLOADS=true`, and only of people who agreed to it.
        """
        publisher = _publisher()
        read_labels = _labels(labels)
        await asyncio.to_thread(publisher.check_free, voice_id, replace=replace)
        data = await clip.read()

        def publish() -> tuple[Manifest, PreparedClip]:
            prepared = prepare_clip(decode_untrusted(data))
            manifest = publisher.add(
                voice_id, prepared, name=name, language=language, labels=read_labels, replace=replace
            )
            return manifest, prepared

        async with clips:
            manifest, prepared = await asyncio.to_thread(publish)
            await backend.ask({"action": "prepare_voice", "voice_id": voice_id})
        added = {
            "voice_id": voice_id,
            "name": manifest.name,
            "language": manifest.language,
            "labels": manifest.labels,
            "precomputed": True,
            "seconds": manifest.clip.seconds,
            "warnings": [str(finding) for finding in prepared.findings],
        }
        return Json(added, 201)

    @routes.delete(
        "/voices/{voice_id}",
        summary="Delete a voice",
        status_code=204,
        response_class=Response,
        responses={204: {"description": "It is gone."}, **documents.failures(400, 404, 409, 500)},
    )
    async def delete_voice(voice_id: VoiceIdPath) -> Response:
        """Delete a voice, damaged or not; where the deployment sets `VOICE_UPLOADS=true`."""
        _publisher()
        if voice_id == DEFAULT_VOICE_ID:
            raise InvalidRequest("The engine's built-in voice cannot be deleted.", field="voice_id")
        await asyncio.to_thread(lambda: Publisher(backend.library.locate(voice_id)).delete(voice_id))
        return Response(status_code=204)

    def _publisher() -> Publisher:
        if not backend.server_settings.voice_uploads:
            raise NotEnabled("Voices cannot be changed here: the deployment would set VOICE_UPLOADS=true.")
        return Publisher(backend.library.registries[0])

    return routes


def _labels(text: str) -> dict[str, str]:
    try:
        labels: Any = json.loads(text)
    except (ValueError, RecursionError):
        labels = None
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise InvalidRequest('labels: use a JSON object of strings such as {"mood": "calm"}.', field="labels")
    return labels
