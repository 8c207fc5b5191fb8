"""Twilio Media Streams: the socket of a call, and the routes that speak into it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, WebSocket
from pydantic import BaseModel, Field

from worker.server.bodies import DescribedBy, JsonRoute, examples, speech_input
from worker.server.failures import NotFound
from worker.server.openapi import failures
from worker.server.routes.dependencies import TheBackend, TheCalls
from worker.server.routes.speech_body import speech_body
from worker.server.routes.twilio import STREAM_SID, Call
from worker.server.socket.sockets import open_socket

TWILIO_SOCKET = "/twilio/media"
_StreamSid = Annotated[str, Path(pattern=STREAM_SID, examples=["MZ18ad3ab5a668481ce02b83e7395059f0"])]
_CallSpeech = Annotated[
    dict[str, Any], DescribedBy(speech_body("CallSpeechBody", "format", "sample_rate", "stream"))
]
_EXAMPLES = {"an answer": {"text": "One moment, please.", "voice_id": "default"}}


class QueuedSpeech(BaseModel):
    """Speech queued in a call."""

    mark: Annotated[str, Field(description="The name of Twilio's mark that follows the speech.")]


class CancelledSpeech(BaseModel):
    """Cancelled speech, of which the call has heard a part or nothing."""

    cancelled: Annotated[list[str], Field(description="The marks of speech that was not sent completely.")]


telephony_routes = APIRouter(tags=["telephony"], responses=failures(400, 404, 500), route_class=JsonRoute)


@telephony_routes.websocket(TWILIO_SOCKET)
async def media(websocket: WebSocket, backend: TheBackend, calls: TheCalls) -> None:
    """Serve a call."""
    async with open_socket(websocket, backend) as is_open:
        if is_open:
            await Call(websocket, backend, calls).run()


@telephony_routes.post(
    "/twilio/streams/{stream_sid}/speak",
    summary="Speak into a call",
    status_code=202,
    response_description="The speech is queued; the mark follows it in the stream.",
    responses=failures(408, 413),
)
async def speak(
    stream_sid: _StreamSid, calls: TheCalls, body: Annotated[_CallSpeech, examples(_EXAMPLES)]
) -> QueuedSpeech:
    """Speak after the speech already queued; the call must be connected to this worker."""
    return QueuedSpeech(mark=_call(calls, stream_sid).speak(speech_input(body)))


@telephony_routes.post(
    "/twilio/streams/{stream_sid}/clear",
    summary="Interrupt a call's speech",
    response_description="The cancelled speech.",
)
async def clear(stream_sid: _StreamSid, calls: TheCalls) -> CancelledSpeech:
    """Cancel all speech and clear Twilio's buffer, for barge-in."""
    return CancelledSpeech(cancelled=await _call(calls, stream_sid).clear())


def _call(calls: dict[str, Call], stream_sid: str) -> Call:
    if (call := calls.get(stream_sid)) is None:
        raise NotFound("There is no such stream in this worker.", field="stream_sid")
    return call
