"""uvicorn's WebSocket protocol, with bounds on what a client can have it hold, answer and log.

uvicorn's own answers every ping, whether the answers are taken or not; keeps each fragment of a message as
an object of its own; waits for ever to say goodbye to a client that takes nothing; and logs the paths of
sockets with their queries, at ``DEBUG`` their headers and messages too, which have keys and texts in them.
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
"""500 a second: a language model writes 100 tokens, a telephone sends 50 pieces of sound."""
_MOST_HALF_RECEIVED_BYTES = 64 << 20
"""Of messages that are not complete yet, on all sockets; many need no key until theirs are."""
_MOST_THEN_BYTES = 16 << 10
"""Of one socket, once all together hold that much: an honest message of a sentence or two goes on."""
_GOODBYE_S = 10.0
"""A client may take so long to take what was said before the goodbye."""

_log = logging.getLogger("uvicorn.error.sockets")
_log.setLevel(logging.WARNING)


class BoundedSocket(WebSocketsSansIOProtocol):
    """One connection; ``when_lost`` tells when nothing of it is left."""

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
            self._fail(CloseCode.TRY_AGAIN_LATER, "too much is half received")

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
        """Answer at once, or while the client takes nothing the newest alone: RFC 6455, 5.5.3, allows it."""
        if self.transport.is_closing():
            return
        if not self.handshake_complete:  # nothing may come before the answer to the handshake
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
        """Add a fragment to its message: as objects of their own a million small ones would be large."""
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
                async with asyncio.timeout(_GOODBYE_S):
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
    """Have ``tell`` called once a socket's connection is gone, which is later than its application's end."""
    scope["extensions"][_LOST](tell)
