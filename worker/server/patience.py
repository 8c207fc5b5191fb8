"""uvicorn's HTTP protocol, with timeouts and upper bounds on the data that it holds for a client.

uvicorn's own protocol has neither a timeout nor an upper bound for headers. It keeps every pipelined request,
and then misses the client's disconnect. It accepts endless trailers, and treats them as headers. It sends
chunked bodies to HTTP/1.0 clients.
"""

import asyncio
import socket
import struct

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from worker.server.transport import bounded_transport

MAX_HEADER_BYTES = 65_536
_MOST_IGNORED_BYTES = 1_000_000
"""Upper bound for ignored bytes of pipelined requests."""


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take longer than ``header_timeout_s``, or more than 64 kB.

    A stalled client, which reads nothing for ``stall_timeout_s``, is disconnected. One request may follow
    before the response to the last one is complete. If more are pipelined, they are ignored, and the
    connection closes after that one, as RFC 9112 (9.3.2) has clients expect. Connections beyond
    ``most_connections`` are refused.
    """

    header_timeout_s = 10.0
    stall_timeout_s = 60.0
    most_connections = 3_000
    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _answered: RequestResponseCycle | None = None
    """The request that is being answered, or was last; ``cycle`` may be the next one already."""
    _ignores_input = False
    _ignored_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(bounded_transport(transport, self.stall_timeout_s))
        if len(self.connections) > self.most_connections:
            self._ignores_input = True
            self.transport.abort()
            return
        self._wait_for_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._answered is not None and self._is_answering:
            _disconnect(self._answered)
        super().connection_lost(exc)
        self.transport.lost()  # type: ignore[attr-defined]

    @override
    def data_received(self, data: bytes) -> None:
        if self._ignores_input:
            self._ignored_bytes += len(data)
            if self._ignored_bytes > _MOST_IGNORED_BYTES:
                _reset(self.transport)
            return
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_headers()
            self._header_bytes += len(data)
            is_too_much = self._header_bytes > MAX_HEADER_BYTES
        else:
            is_too_much = False
        super().data_received(data)
        if is_too_much and self._timer is not None and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request; reset the connection if a response has already started."""
        if self.pipeline or (self.cycle is not None and not self.cycle.response_complete):
            if self.pipeline or self.cycle.response_started:
                _reset(self.transport)
                return
            _disconnect(self.cycle)
        super().send_400_response(msg)

    @override
    def on_message_begin(self) -> None:
        if self.pipeline:
            self._close_after_this_one()
            return
        self._wait_for_headers()
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        if not self._ignores_input:
            super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self._ignores_input:
            return
        is_trailer = self._timer is None  # no route of ours reads one
        if is_trailer or self._is_answering:
            self._header_bytes += len(name) + len(value)
            if self._header_bytes > MAX_HEADER_BYTES:
                raise ValueError("the headers or trailers are too large")
        if not is_trailer:
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        if self._ignores_input:
            return
        self._stop_waiting()
        if self._should_upgrade():
            if self._is_answering:
                self._close_after_this_one()
                return
            if _has_body(self.headers):
                self._ignores_input = True  # no route would read it
                self.send_400_response("A request for a WebSocket must have no body.")
                return
        super().on_headers_complete()
        if self.pipeline:  # uvicorn would not hear the client leave
            self.flow.resume_reading()

    @override
    def on_body(self, body: bytes) -> None:
        if self._ignores_input:
            return
        super().on_body(body)
        if self.pipeline and len(self.cycle.body) > HIGH_WATER_LIMIT:  # uvicorn stops reading: see above
            _reset(self.transport)

    @override
    def on_message_complete(self) -> None:
        if not self._ignores_input:
            super().on_message_complete()

    @override
    def handle_websocket_upgrade(self) -> None:
        if not self._ignores_input:
            super().handle_websocket_upgrade()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        self._answered = cycle
        answering = _ended_with_the_request(cycle, app)
        if cycle.scope["http_version"] == "1.0":
            answering = _ended_by_closing(cycle, answering)
        super()._start_asgi_task(cycle, answering)  # type: ignore[arg-type]

    @property
    def _is_answering(self) -> bool:
        return self._answered is not None and not self._answered.response_complete

    def _close_after_this_one(self) -> None:
        """Ignore further input, and close once the last request that was read is answered."""
        self.cycle.keep_alive = False
        self._ignores_input = True

    def _wait_for_headers(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.header_timeout_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._header_bytes = None, 0

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Let a request's application see that it cannot respond any more."""
    cycle.disconnected = True
    cycle.message_event.set()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a body follows; some devices announce one of no bytes with each request."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def patient_for(
    header_timeout_s: float, stall_timeout_s: float, most_connections: int = PatientProtocol.most_connections
) -> type[PatientProtocol]:
    """Return the protocol class with other bounds."""
    bounds = {
        "header_timeout_s": header_timeout_s,
        "stall_timeout_s": stall_timeout_s,
        "most_connections": most_connections,
    }
    return type("PatientProtocol", (PatientProtocol,), bounds)


def _ended_with_the_request(cycle: RequestResponseCycle, app: ASGIApp) -> ASGIApp:
    """Return the application; its response closes a connection whose request body is incomplete.

    The rest of the body would be parsed as the next request.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and cycle.more_body:
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, send_last)

    return answering


def _ended_by_closing(cycle: RequestResponseCycle, app: ASGIApp) -> ASGIApp:
    """Return the application; a response without Content-Length ends by closing the connection."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        has_length = False

        async def send_plain(message: Message) -> None:
            nonlocal has_length
            if message["type"] == "http.response.start":
                has_length = any(name == b"content-length" for name, _ in message["headers"])
                cycle.chunked_encoding = None if has_length else False
            elif not has_length:
                cycle.expected_content_length = len(
                    message.get("body", b"")
                )  # so that uvicorn accepts any length
            await send(message)

        await app(scope, receive, send_plain)
        if not has_length and not cycle.response_complete:
            _reset(cycle.transport)

    return answering


def _reset(transport: asyncio.Transport) -> None:
    """Reset a connection: after a normal close, the client would take the body for complete."""
    if transport.is_closing():
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
