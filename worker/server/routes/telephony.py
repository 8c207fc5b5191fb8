"""Twilio Media Streams: a call's socket, and how an application speaks into it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, WebSocket

from worker.server import openapi as documents
from worker.server.backend import Backend
from worker.server.bodies import json_object, speech_input
from worker.server.failures import Json, NotFound
from worker.server.routes.twilio import STREAM_SID, Call
from worker.server.socket.sockets import open_socket

TWILIO_SOCKET = "/twilio/media"
StreamSid = Annotated[str, Path(pattern=STREAM_SID, examples=["MZ18ad3ab5a668481ce02b83e7395059f0"])]


def telephony_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["telephony"])
    calls: dict[str, Call] = {}

    @routes.websocket(TWILIO_SOCKET)
    async def media(websocket: WebSocket) -> None:
        async with open_socket(websocket, backend) as is_open:
            if is_open:
                await Call(websocket, backend, calls).run()

    @routes.post(
        "/twilio/streams/{stream_sid}/speak",
        summary="Speak into a call",
        status_code=202,
        response_class=Json,
        responses={
            202: documents.answers(
                _QUEUED, "It will be spoken; Twilio is sent a mark of that name after it."
            ),
            **documents.failures(400, 404, 408, 413, 500),
        },
        openapi_extra=documents.body(
            documents.speech_schema(without=frozenset({"format", "sample_rate", "stream"})),
            {"an answer": {"text": "One moment, please.", "voice_id": "default"}},
        ),
    )
    async def speak(stream_sid: StreamSid, request: Request) -> Json:
        """Speak after what is being spoken in the call; the call must be connected to this very worker."""
        mark = _call(stream_sid).speak(speech_input(await json_object(request)))
        return Json({"mark": mark}, 202)

    @routes.post(
        "/twilio/streams/{stream_sid}/clear",
        summary="Interrupt a call's speech",
        response_class=Json,
        responses={200: documents.answers(_CLEARED, "Silence."), **documents.failures(400, 404, 500)},
    )
    async def clear(stream_sid: StreamSid) -> Json:
        """End what is being spoken, and have Twilio forget what it has not played yet: for barge-in."""
        return Json({"cancelled": await _call(stream_sid).clear()})

    def _call(stream_sid: str) -> Call:
        if (call := calls.get(stream_sid)) is None:
            raise NotFound("There is no such stream in this worker.", field="stream_sid")
        return call

    return routes


_QUEUED: dict[str, Any] = {
    "type": "object",
    "required": ["mark"],
    "properties": {"mark": {"type": "string"}},
}
_CLEARED: dict[str, Any] = {
    "type": "object",
    "required": ["cancelled"],
    "properties": {"cancelled": {"type": "array", "items": {"type": "string"}}},
}
