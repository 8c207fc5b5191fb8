"""uvicorn's HTTP protocol, with patience that ends, and with an end of the body that HTTP/1.0 knows.

uvicorn's own waits for headers for ever, however many come; takes what follows a request that was refused
before its end for the next one; and sends chunks to clients that take them for part of the body.
"""

import asyncio
import socket
import struct

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from worker.server.transport import bounded_transport

MAX_HEADER_BYTES = 65_536


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take longer than ``header_timeout_s``, or more than 64 kB.

    The last bytes of a connection that ends may take ``last_bytes_s``.
    """

    header_timeout_s = 10.0
    last_bytes_s = 60.0
    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(bounded_transport(transport, self.last_bytes_s))
        self._wait_for_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        self.transport.lost()  # type: ignore[attr-defined]

    @override
    def data_received(self, data: bytes) -> None:
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
        """Answer what is no request; a request that is being answered already has its one answer."""
        if self.pipeline or (self.cycle is not None and not self.cycle.response_complete):
            if self.pipeline or self.cycle.response_started:
                _reset(self.transport)
                return
            self.cycle.disconnected = True  # the application has nothing to say any more
            self.cycle.message_event.set()
        super().send_400_response(msg)

    @override
    def on_message_begin(self) -> None:
        self._wait_for_headers()
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        answering = _ended_with_the_request(cycle, app)
        if cycle.scope["http_version"] == "1.0":
            answering = _ended_by_closing(cycle, answering)
        super()._start_asgi_task(cycle, answering)  # type: ignore[arg-type]

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


def patient_for(header_timeout_s: float, last_bytes_s: float) -> type[PatientProtocol]:
    """Return the protocol with another patience, in seconds."""
    patience = {"header_timeout_s": header_timeout_s, "last_bytes_s": last_bytes_s}
    return type("PatientProtocol", (PatientProtocol,), patience)


def _ended_with_the_request(cycle: RequestResponseCycle, app: ASGIApp) -> ASGIApp:
    """Return the application with answers that close a connection on which more of the body may come.

    What came of it would be read as the next request.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and cycle.more_body:
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, send_last)

    return answering


def _ended_by_closing(cycle: RequestResponseCycle, app: ASGIApp) -> ASGIApp:
    """Return the application with answers whose end is the connection's, unless they tell their length."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        tells_length = False

        async def send_plain(message: Message) -> None:
            nonlocal tells_length
            if message["type"] == "http.response.start":
                tells_length = any(name == b"content-length" for name, _ in message["headers"])
                cycle.chunked_encoding = None if tells_length else False
            elif not tells_length:
                cycle.expected_content_length = len(message.get("body", b""))  # so much is never too much
            await send(message)

        await app(scope, receive, send_plain)
        if not tells_length and not cycle.response_complete:
            _reset(cycle.transport)

    return answering


def _reset(transport: asyncio.Transport) -> None:
    """End a connection by an error: its client would take a usual end for that of the body."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
