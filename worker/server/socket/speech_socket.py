"""The speech socket: JSON requests in; start, binary audio and end out, in the order of the requests."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.websockets import WebSocket
from websockets.frames import CloseCode

from voices.errors import ChatterpodError, InvalidRequest
from worker.events import AudioEvent, Event
from worker.server.backend import Backend, arrival
from worker.server.bodies import parse_object, speech_input
from worker.server.failures import our_error
from worker.server.socket.feed_source import FeedSource
from worker.server.socket.in_order import InOrder, Work
from worker.server.socket.text_feed import TextFeed
from worker.server.speech_response import until_one_ends
from worker.server.waiting import HeldText

_OWN_FIELDS = {"type", "request_id", "events"}
_MOST_REFUSED = 1_000
"""Upper bound for refused messages in a row, counting text for a refused request; each is answered."""


class SpeechSocket:
    """One connection. Its requests are spoken in order; ``cancel`` ends them all."""

    def __init__(self, websocket: WebSocket, backend: Backend) -> None:
        self._websocket = websocket
        self._backend = backend
        self._requests = InOrder()
        self._waiting = backend.waiting_text()
        self._feed: TextFeed | None = None
        self._refused_in_a_row = 0

    async def run(self) -> None:
        """Serve the connection until the client disconnects, then cancel its requests."""
        try:
            await until_one_ends(self._requests.run(), self._read_all())
        finally:
            await self._requests.drop()

    async def _read_all(self) -> None:
        while self._refused_in_a_row <= _MOST_REFUSED:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._take(message.get("text") or message.get("bytes") or b"")
        await self._websocket.close(CloseCode.POLICY_VIOLATION, "too many messages were refused")

    async def _take(self, data: str | bytes) -> None:
        """Carry out a message; answer an invalid one with its error and keep the connection open."""
        request_id = None
        try:
            message = parse_object(data)
            request_id = _request_id(message)
            match message.get("type", "speak"):
                case "speak":
                    await self._order(message, request_id)
                case "open":
                    await self._open(message, request_id)
                case "text":
                    self._open_feed().add(_text(message))
                case "flush":
                    self._open_feed().flush()
                case "close":
                    self._open_feed().close()
                    self._feed = None
                case "cancel":
                    await self._cancel()
                case _:
                    raise InvalidRequest("type: use speak, open, text, flush, close or cancel.", field="type")
        except ChatterpodError as error:
            await self._tell_error(error, request_id)

    async def _order(self, message: dict[str, Any], request_id: str | None) -> None:
        asked = arrival(request_id)
        job_input = speech_input(_fields(message))
        events = partial(self._backend.respond, job_input, asked, "socket")
        speak = partial(self._speak, asked.request_id, events, describes=message.get("events") is True)
        if not self._backend.would_speak(job_input):
            await speak()  # refused at once, and counted like any request
            return
        self._requests.check_room()
        held = HeldText(self._waiting)
        held.hold(len(job_input["text"]))
        self._add(Work(asked.request_id, speak, partial(held.hold, 0)))

    async def _open(self, message: dict[str, Any], request_id: str | None) -> None:
        if self._feed is not None:
            raise InvalidRequest("A request is open already: close or cancel it first.", field="type")
        fields = speech_input(_fields(message))
        asked = arrival(request_id)
        self._requests.check_room()
        feed = TextFeed(self._backend.settings.max_text_characters, HeldText(self._waiting))
        feed.add(_text(fields) if "text" in fields else "")
        self._feed = feed
        describes = message.get("events") is True
        first = {**fields, "text": "any"}
        if not self._backend.would_speak(first):
            feed.drop()  # its text is on its way and must not cause further errors
            await self._speak(asked.request_id, partial(self._backend.respond, first, asked, "socket"))
            return
        job_input = {**fields, "text": "", "stream": True}
        events = partial(self._backend.respond, job_input, asked, "socket", FeedSource(feed))
        speak = partial(self._speak, asked.request_id, events, describes=describes)
        self._add(Work(asked.request_id, speak, feed.drop))

    def _open_feed(self) -> TextFeed:
        if self._feed is None:
            raise InvalidRequest('No request is open: begin with {"type": "open"}.', field="type")
        return self._feed

    async def _cancel(self) -> None:
        """Cancel all requests, and confirm once no more of their events can follow."""
        self._feed = None
        await self._tell({"type": "cancelled", "request_ids": await self._requests.drop()})

    async def _speak(
        self, request_id: str, respond: Callable[[], AsyncGenerator[Event]], *, describes: bool = False
    ) -> None:
        async with aclosing(respond()) as events:
            try:
                async for event in events:
                    await self._send(event, describes=describes)
            except ChatterpodError as error:
                await self._tell_error(error, request_id)

    async def _send(self, event: Event, *, describes: bool) -> None:
        """Send an event; ``describes`` puts its JSON, without the audio, before each binary frame."""
        if not isinstance(event, AudioEvent):
            await self._tell(event.as_json())
            return
        if describes:
            described = event.as_json()
            del described["audio"]
            await self._tell(described)
        async with asyncio.timeout(self._backend.settings.stall_timeout_s):
            await self._websocket.send_bytes(event.audio)

    def _add(self, work: Work) -> None:
        self._requests.add(work)
        self._refused_in_a_row = 0

    async def _tell_error(self, error: ChatterpodError, request_id: str | None) -> None:
        self._refused_in_a_row += 1
        await self._tell({"type": "error", "request_id": request_id, "error": our_error(error)})

    async def _tell(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(self._backend.settings.stall_timeout_s):
            await self._websocket.send_text(json.dumps(message))


def _fields(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in _OWN_FIELDS}


def _text(message: dict[str, Any]) -> str:
    text = message.get("text")
    if not isinstance(text, str):
        raise InvalidRequest("text: use a string.", field="text")
    return text


def _request_id(message: dict[str, Any]) -> str | None:
    request_id = message.get("request_id")
    return request_id if isinstance(request_id, str) else None
