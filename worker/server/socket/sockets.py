"""The speech socket's route, and the upper bound for open sockets of all kinds."""

import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from worker.errors import Overloaded
from worker.server.access import SUBPROTOCOL
from worker.server.backend import Backend
from worker.server.failures import answer_to
from worker.server.socket.speech_socket import SpeechSocket
from worker.server.socket_protocol import when_lost


def socket_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.websocket("/tts/stream")
    async def stream(websocket: WebSocket) -> None:
        async with open_socket(websocket, backend) as is_open:
            if is_open:
                await SpeechSocket(websocket, backend).run()

    return routes


@contextlib.asynccontextmanager
async def open_socket(websocket: WebSocket, backend: Backend) -> AsyncIterator[bool]:
    """Accept a connection unless the maximum is open, and count it until it is lost."""
    most = backend.server_settings.max_sockets
    if backend.open_sockets >= most:
        error = Overloaded(f"{most} connections are open, which is the maximum.")
        await websocket.send_denial_response(answer_to(error, websocket.url.path))
        yield False
        return
    backend.count_sockets(1)
    when_lost(websocket.scope, lambda: backend.count_sockets(-1))
    offered = websocket.scope.get("subprotocols") or []
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    with contextlib.suppress(WebSocketDisconnect):
        yield True
