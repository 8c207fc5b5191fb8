"""uvicorn's WebSocket protocol, with upper bounds on the data that it buffers, answers and logs for a client.

uvicorn's own protocol answers every ping, even if the client does not read the pongs. It keeps each fragment
of a message as a separate object. It waits without a timeout to send the close frame to a stalled client. It
logs the paths of sockets with their queries, and at ``DEBUG`` their headers and messages, which contain keys
and texts.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode

_LOST = "chatterpod.when_lost"

_COUNTED_FOR_S = 60.0
_MOST_PINGS = 600
_MOST_FRAMES = 30_000
"""500 a second: a language model writes 100 tokens a second, a telephone sends 50 audio frames."""
_MOST_HALF_RECEIVED_BYTES = 64 << 20
"""Upper bound for incomplete messages on all sockets; some sockets need no key before their first message."""
_MOST_THEN_BYTES = 16 << 10
"""Upper bound for one socket once that total is reached: a message of a sentence or two still passes."""
_CLOSE_TIMEOUT_S = 10.0
"""Timeout for a client to read the data before the close frame."""

_log = logging.getLogger("uvicorn.error.sockets")
_log.setLevel(logging.WARNING)


class BoundedSocket(WebSocketsSansIOProtocol):
    """One connection; ``when_lost`` reports its loss."""

    _half_received_by_all = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _log
        self.conn.debug = False
        self._late_pong = b""
        self._counts: Counter[str] = Counter()
        self._counted_since = self.loop.time()
        self._when_lost: list[Callable[[], None]] = []
        self._half_received = 0

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        self._hold(len(self.conn.reader.buffer) + sum(map(len, self.frames)))
        if (
            BoundedSocket._half_received_by_all > _MOST_HALF_RECEIVED_BYTES
            and self._half_received > _MOST_THEN_BYTES
        ):
            self._fail(CloseCode.TRY_AGAIN_LATER, "too many bytes of incomplete messages")

    @override
    def handle_events(self) -> None:
        frames = [event for event in self.conn.events if isinstance(event, Frame)]
        if self._are_too_many("frame", len(frames), _MOST_FRAMES):
            self._fail(CloseCode.POLICY_VIOLATION, "too many frames")
        elif self._are_too_many("pong", sum(each.opcode is Opcode.PONG for each in frames), _MOST_PINGS):
            self._fail(CloseCode.POLICY_VIOLATION, "too many pongs")
        else:
            super().handle_events()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._hold(0)
        self.transport.lost()  # type: ignore[attr-defined]
        for each in self._when_lost:
            each()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._late_pong and not self.transport.is_closing():
            self.transport.write(self._late_pong)
        self._late_pong = b""

    @override
    def handle_ping(self) -> None:
        """Answer at once; for a stalled client, answer the newest ping only, as RFC 6455, 5.5.3, allows."""
        if self.transport.is_closing():
            return
        if not self.handshake_complete:  # no frame may precede the handshake's response
            self.transport.abort()
            return
        if self._are_too_many("ping", 1, _MOST_PINGS):
            self._fail(CloseCode.POLICY_VIOLATION, "too many pings")
            return
        pongs = self.conn.data_to_send()
        if self.writable.is_set() or self.conn.close_rcvd is not None:
            self.transport.write(b"".join(pongs))
        elif pongs:
            self._late_pong = pongs[-1]

    @override
    def handle_cont(self, event: Frame) -> None:
        """Append a fragment to its message: a million small objects would take much more memory."""
        frames = cast("list[bytearray]", self.frames)
        if not isinstance(frames[0], bytearray):
            frames[0] = bytearray(frames[0])
        frames[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    @override
    async def run_asgi(self) -> None:
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[_LOST] = self._tell_when_lost
        await super().run_asgi()

    @override
    async def send(self, message: Any) -> None:
        if self.close_sent:
            raise ClientDisconnected
        if message["type"] == "websocket.close":
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self.writable.wait()
            except TimeoutError:
                self.transport.abort()
        await super().send(message)

    def _tell_when_lost(self, tell: Callable[[], None]) -> None:
        if self.disconnected:
            tell()
        else:
            self._when_lost.append(tell)

    def _hold(self, half_received: int) -> None:
        BoundedSocket._half_received_by_all += half_received - self._half_received
        self._half_received = half_received

    def _are_too_many(self, kind: str, more: int, most: int) -> bool:
        now = self.loop.time()
        if now - self._counted_since > _COUNTED_FOR_S:
            self._counts.clear()
            self._counted_since = now
        self._counts[kind] += more
        return self._counts[kind] > most

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()


def when_lost(scope: Any, tell: Callable[[], None]) -> None:
    """Call ``tell`` once a socket's connection is lost, which is after its application has ended."""
    scope["extensions"][_LOST](tell)
