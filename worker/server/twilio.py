"""A call's media stream, as Twilio speaks it: JSON messages, 8 kHz mu-law in base64, marks and clear.

Twilio plays what it is sent in order and buffers what comes early, so speech goes out as fast as it is
made. A mark that follows it comes back once it has been heard; ``clear`` empties Twilio's buffer.
"""

import asyncio
import base64
import json
import logging
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.websockets import WebSocket

from voices.errors import ChatterpodError
from worker.events import AudioEvent
from worker.server.access import key_is_right
from worker.server.backend import Backend, arrival
from worker.server.bodies import parse_object
from worker.server.in_order import InOrder

log = logging.getLogger(__name__)

_START_TIMEOUT_S = 10.0
_POLICY_VIOLATION = 1008
_GOING_AWAY = 1000
_FORMAT = {"format": "ulaw", "sample_rate": 8_000, "stream": True}
_FORMAT_NAMES = {"format", "response_format", "sample_rate", "stream"}


class Call:
    """One call. What its ``<Parameter>`` elements say is spoken first, the rest comes by HTTP."""

    def __init__(self, websocket: WebSocket, backend: Backend, calls: "dict[str, Call]") -> None:
        self._websocket = websocket
        self._backend = backend
        self._calls = calls
        self._stream_sid = ""
        self._requests = InOrder()
        self._hangs_up_after: str | None = None

    async def run(self) -> None:
        """Serve the stream until Twilio ends it."""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                parameters = await self._started()
        except TimeoutError:
            parameters = None
        if parameters is None:
            await self._websocket.close(_POLICY_VIOLATION)
            return
        self._calls[self._stream_sid] = self
        self._speak_first(parameters)
        tasks = {asyncio.create_task(self._requests.run()), asyncio.create_task(self._read_all())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._calls[self._stream_sid]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._requests.drop()

    def speak(self, job_input: dict[str, Any]) -> str:
        """Have a request spoken after those that wait, and return its mark; raises ``Overloaded``."""
        mark = arrival(None).request_id
        fields = {name: value for name, value in job_input.items() if name not in _FORMAT_NAMES}
        self._requests.add(mark, partial(self._speak, mark, {**fields, **_FORMAT}))
        return mark

    async def clear(self) -> list[str]:
        """End all speech, heard or not; return the marks of what was not sent whole."""
        dropped = await self._requests.drop()
        await self._tell("clear")
        return dropped

    async def _started(self) -> dict[str, Any] | None:
        """Read up to the start message and return its parameters; None where it is not allowed in."""
        while (message := await self._message()) is not None:
            if message.get("event") != "start":
                continue
            start = message.get("start")
            sid = message.get("streamSid")
            if not isinstance(start, dict) or not isinstance(sid, str) or sid in self._calls:
                return None
            parameters = start.get("customParameters")
            parameters = dict(parameters) if isinstance(parameters, dict) else {}
            key = parameters.pop("api_key", None)
            if not key_is_right(self._backend.server_settings, key if isinstance(key, str) else None):
                log.info("a media stream came without the key")
                return None
            self._stream_sid = sid
            return parameters
        return None

    def _speak_first(self, parameters: dict[str, Any]) -> None:
        then = parameters.pop("then", None)
        if not parameters.get("text"):
            return
        numbers = {name: _number(value) for name, value in parameters.items()}
        mark = self.speak({**numbers, "text": parameters["text"]})
        if then == "hangup":
            self._hangs_up_after = mark

    async def _read_all(self) -> None:
        """Follow the stream until it stops; a mark that comes back has been heard."""
        while (message := await self._message()) is not None:
            if message.get("event") == "stop":
                return
            mark = message.get("mark")
            if self._hangs_up_after and isinstance(mark, dict) and mark.get("name") == self._hangs_up_after:
                await self._websocket.close(_GOING_AWAY)
                return

    async def _message(self) -> dict[str, Any] | None:
        """Wait for the next message that can be read; None when Twilio is gone."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            try:
                return parse_object(message.get("text") or message.get("bytes") or b"")
            except ChatterpodError:
                log.info("a media stream sent something that is not JSON")

    async def _speak(self, mark: str, job_input: dict[str, Any]) -> None:
        """Send one request's speech and its mark; what cannot be spoken is told by its mark alone."""
        try:
            async with aclosing(self._backend.respond(job_input, arrival(mark), "twilio")) as events:
                async for event in events:
                    if isinstance(event, AudioEvent):
                        payload = base64.b64encode(event.audio).decode()
                        await self._tell("media", media={"payload": payload})
        except ChatterpodError as error:
            mark = f"{mark}:{error.code}"
        await self._tell("mark", mark={"name": mark})

    async def _tell(self, event: str, **fields: object) -> None:
        async with asyncio.timeout(self._backend.settings.stall_timeout_s):
            await self._websocket.send_text(
                json.dumps({"event": event, "streamSid": self._stream_sid, **fields})
            )


def _number(value: object) -> object:
    """Read a parameter's number or truth, which Twilio sends as a string."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
