"""Voices over HTTP: read them and, if the deployment allows it, add, change and delete them."""

import json
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response

from voices.errors import InvalidRequest
from worker.server.bodies import DescribedBy, JsonRoute, examples
from worker.server.openapi import audio_answer, failures
from worker.server.routes.clip_response import CLIP_MIMES, ClipResponse
from worker.server.routes.dependencies import TheBackend, TheVoices
from worker.server.routes.uploads import Upload
from worker.server.routes.voice_models import (
    BUILT_IN,
    AddedVoice,
    VoiceChanges,
    VoiceFacts,
    VoiceList,
    VoiceSummary,
)
from worker.server.speech_response import while_connected

T = TypeVar("T")
_VoiceName = Annotated[str, Path(description="A voice id, or an alias of one.", examples=["anna"])]
_Changes = Annotated[dict[str, Any], DescribedBy(VoiceChanges)]
_EXAMPLES = {"another name": {"name": "Anna", "labels": {"mood": None}}}


voice_routes = APIRouter(tags=["voices"], responses=failures(500), route_class=JsonRoute)


@voice_routes.get(
    "/voices",
    summary="The voices",
    response_description="The voices.",
    response_model_exclude_unset=True,
)
async def list_voices(request: Request, backend: TheBackend) -> VoiceList:
    """List the voices, the built-in one first; a damaged one has an `error`."""
    found = await _unless_gone(request, backend.voices())
    return VoiceList(voices=[BUILT_IN, *(VoiceSummary(**each) for each in found)])


@voice_routes.post(
    "/voices",
    summary="Add a voice from clips",
    status_code=201,
    response_description="The voice; `warnings` list possible improvements.",
    response_model_exclude_unset=True,
    responses=failures(400, 404, 408, 409, 413),
)
async def add_voice(
    *,
    request: Request,
    voices: TheVoices,
    clip: Annotated[
        list[UploadFile],
        File(description="10 to 15 s of one person speaking, in any format; several are joined."),
    ],
    voice_id: Annotated[str, Form(description="Pattern: [a-z0-9][a-z0-9_-]{0,63}.", examples=["anna"])],
    name: Annotated[str | None, Form(description="A display name.", examples=["Anna"])] = None,
    language: Annotated[str, Form(description="The voice's language.", examples=["en"])] = "en",
    labels: Annotated[str, Form(description="A JSON object of strings.", examples=["{}"])] = "{}",
    replace: Annotated[
        bool, Form(description="Whether an existing voice of that id may be replaced.")
    ] = False,
) -> AddedVoice:
    """Prepare the clips, publish the voice and compute its conditionals.

    Requires `VOICE_UPLOADS=true` and the speaker's consent.
    """
    read_labels = _labels(labels)
    uploads = [Upload(each.filename or "the clip", each.read) for each in clip]
    adding = voices.add(voice_id, uploads, name=name, language=language, labels=read_labels, replace=replace)
    return await _unless_gone(request, adding)


@voice_routes.get(
    "/voices/{voice_id}",
    summary="A voice",
    response_description="The voice.",
    response_model_exclude_unset=True,
    responses=failures(400, 404),
)
async def voice(voice_id: _VoiceName, request: Request, voices: TheVoices) -> VoiceFacts:
    """Return the facts of the voice's manifest; a bare clip has only an id."""
    return await _unless_gone(request, voices.facts(voice_id))


@voice_routes.patch(
    "/voices/{voice_id}",
    summary="Change a voice's name, language or labels",
    response_description="The changed voice.",
    response_model_exclude_unset=True,
    responses=failures(400, 404, 408, 409, 413),
)
async def change_voice(
    voice_id: _VoiceName, request: Request, voices: TheVoices, body: Annotated[_Changes, examples(_EXAMPLES)]
) -> VoiceFacts:
    """Change the given fields only: a label that is null is removed, omitted labels stay.

    Requires `VOICE_UPLOADS=true`.
    """
    return await _unless_gone(request, voices.change(voice_id, VoiceChanges.read(body)))


@voice_routes.get(
    "/voices/{voice_id}/clip",
    summary="A voice's reference clip",
    response_class=FileResponse,
    responses={
        200: audio_answer("The voice's reference clip.", CLIP_MIMES.values()),
        206: audio_answer("The part of the clip that `Range` selects.", CLIP_MIMES.values()),
        416: {"description": "The clip has no such part."},
        **failures(400, 404),
    },
)
async def clip_of(
    voice_id: _VoiceName, request: Request, backend: TheBackend, voices: TheVoices
) -> FileResponse:
    """Respond with the prepared clip as FLAC, or a bare clip unchanged; supports `Range`."""
    clip = await _unless_gone(request, voices.clip(voice_id))
    stall_s = backend.settings.stall_timeout_s
    return ClipResponse(clip.data, CLIP_MIMES[clip.suffix], f"{voice_id}{clip.suffix}", stall_s)


@voice_routes.delete(
    "/voices/{voice_id}",
    summary="Delete a voice",
    status_code=204,
    response_class=Response,
    response_description="The voice is deleted.",
    responses=failures(400, 404, 409),
)
async def delete_voice(voice_id: _VoiceName, request: Request, voices: TheVoices) -> Response:
    """Delete a voice, damaged or not. Requires `VOICE_UPLOADS=true`."""
    await _unless_gone(request, voices.delete(voice_id))
    return Response(status_code=204)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``work``; cancels it and raises ``ClientDisconnect`` if the client disconnects."""
    done: list[T] = []

    async def keep() -> None:
        done.append(await work)

    await while_connected(request.receive, keep())
    if not done:
        raise ClientDisconnect
    return done[0]


def _labels(text: str) -> dict[str, str]:
    try:
        labels: Any = json.loads(text)
    except (ValueError, RecursionError):
        labels = None
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise InvalidRequest('labels: use a JSON object of strings such as {"mood": "calm"}.', field="labels")
    return labels
