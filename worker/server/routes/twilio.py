"""A call's media stream in Twilio's protocol: JSON messages, 8 kHz mu-law in base64, marks and clear.

Twilio buffers audio and plays it in order, so speech is sent as fast as it is generated. Twilio returns a
mark once the audio before it has been played; ``clear`` empties Twilio's buffer.
"""

import asyncio
import base64
import contextlib
import json
import logging
import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, get_args

from starlette.websockets import WebSocket

from voices.errors import ChatterpodError
from worker.events import AudioEvent
from worker.request import SpeechRequest
from worker.server.access import key_is_right
from worker.server.backend import Backend, arrival
from worker.server.bodies import parse_object
from worker.server.socket.in_order import InOrder, Work
from worker.server.speech_response import until_one_ends
from worker.server.waiting import HeldText
from worker.telemetry.logs import fields
from worker.telemetry.seldom import Seldom

log = logging.getLogger(__name__)
_refusals = logging.getLogger(f"{__name__}.refusals")
_refusals.addFilter(Seldom())  # any client can cause them

STREAM_SID = "^[A-Za-z0-9_-]{1,64}$"

_START_TIMEOUT_S = 10.0
_POLICY_VIOLATION = 1008
_MOST_JUNK = 10
"""Upper bound for messages other than JSON objects with an event; Twilio sends none."""
_FORMAT = {"format": "ulaw", "sample_rate": 8_000, "stream": True}
_FORMAT_NAMES = {"format", "response_format", "sample_rate", "stream"}
_STREAM_SID = re.compile(STREAM_SID)

_OF_A_REQUEST = {*SpeechRequest.model_fields, "voice"} - {*_FORMAT_NAMES, "action", "resume"}
_TRUTHS = {"true": True, "false": False}
_SECRET = re.compile(r"key|token|secret|pass|auth|sig|credential|pin\b", re.IGNORECASE)
_LOGGED_PARAMETERS = 16
_LOGGED_CHARACTERS = 64


def _may_be_string(annotation: object) -> bool:
    return annotation is str or any(map(_may_be_string, get_args(annotation)))


_STRINGS = {name for name, field in SpeechRequest.model_fields.items() if _may_be_string(field.annotation)}


@dataclass(frozen=True)
class Parameters:
    """The ``<Parameter>`` elements of a stream, sorted by purpose. Twilio sends each as a string."""

    greeting: dict[str, object]
    """The fields of the first request."""
    hangs_up: bool
    others: dict[str, str]
    """The application's own parameters, for the log: shortened, printable, and masked if the name suggests a
    secret."""

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Self:
        """Sort the parameters; invalid values are refused later, with the request."""
        greeting = {
            name: _value(name, value)
            for name, value in given.items()
            if name in _OF_A_REQUEST and str(value or "").strip()
        }
        hangs_up = str(given.get("then", "")).strip().lower() == "hangup"
        own = _OF_A_REQUEST | {"api_key"} | ({"then"} if hangs_up else set())
        others = [(name, value) for name, value in given.items() if name not in own]
        return cls(
            greeting,
            hangs_up,
            {
                _printable(name): "..." if _SECRET.search(name) else _printable(str(value))
                for name, value in others[:_LOGGED_PARAMETERS]
            },
        )


class Call:
    """One call. The text in its ``<Parameter>`` elements is spoken first; more text comes over HTTP."""

    def __init__(self, websocket: WebSocket, backend: Backend, calls: "dict[str, Call]") -> None:
        self._websocket = websocket
        self._backend = backend
        self._calls = calls
        self._stream_sid = ""
        self._requests = InOrder()
        self._waiting = backend.waiting_text()
        self._junk = 0
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
        try:
            self._speak_first(parameters)
            await until_one_ends(self._requests.run(), self._read_all())
        finally:
            del self._calls[self._stream_sid]
            await self._requests.drop()

    def speak(self, job_input: Mapping[str, object]) -> str:
        """Queue a request after those that wait, and return its mark.

        Raises ``Overloaded``, and ``InvalidRequest`` for an error in the request.
        """
        own = {name: value for name, value in job_input.items() if name not in _FORMAT_NAMES}
        fields = {**own, **_FORMAT}
        self._backend.check(fields)
        return self._add(fields, len(str(fields["text"])))

    def _add(self, job_input: dict[str, Any], characters: int) -> str:
        mark = arrival(None).request_id
        self._requests.check_room()
        held = HeldText(self._waiting)
        held.hold(characters)
        self._requests.add(Work(mark, partial(self._speak, mark, job_input), partial(held.hold, 0)))
        return mark

    async def clear(self) -> list[str]:
        """Cancel all speech, and return the marks of speech that was not sent completely."""
        dropped = await self._requests.drop()
        await self._tell("clear")
        return dropped

    async def _started(self) -> Parameters | None:
        """Read up to the start message and return its parameters; None if the stream is refused."""
        while (message := await self._message()) is not None:
            match message.get("event"):
                case "start":
                    return self._let_in(message)
                case "stop":
                    return None
        return None

    def _let_in(self, message: dict[str, Any]) -> Parameters | None:
        start = message.get("start")
        if not isinstance(start, dict):
            return None
        sid = message.get("streamSid") or start.get("streamSid")
        if not isinstance(sid, str) or not _STREAM_SID.fullmatch(sid) or sid in self._calls:
            return None
        parameters = start.get("customParameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        key = parameters.get("api_key")
        if not key_is_right(self._backend.server_settings, key if isinstance(key, str) else None):
            _refusals.info("a media stream was refused: its API key is missing or wrong")
            return None
        if any(isinstance(value, dict | list) for value in parameters.values()):
            _refusals.info("a media stream was refused: a parameter is not a string")
            return None
        self._stream_sid = sid
        return Parameters.parse(parameters)

    def _speak_first(self, parameters: Parameters) -> None:
        """Speak the greeting; with ``then=hangup`` and no text, the call only ends."""
        mark = None
        if "text" in parameters.greeting or parameters.hangs_up:
            # The greeting is spoken at once, so it does not count as waiting text; its mark reports an error.
            mark = self._add({**parameters.greeting, **_FORMAT}, 0)
        if parameters.hangs_up:
            self._hangs_up_after = mark
        described = fields(stream_sid=self._stream_sid, speaks=mark, parameters=parameters.others or None)
        log.info("a media stream began", extra=described)

    async def _read_all(self) -> None:
        """Read the stream until it stops; a returned mark's speech has been played."""
        while (message := await self._message()) is not None:
            if message.get("event") == "stop":
                return
            mark = message.get("mark")
            name = mark.get("name") if isinstance(mark, dict) else None
            # After a failure, the error's code follows the mark's name.
            if isinstance(name, str) and name.partition(":")[0] == self._hangs_up_after:
                await self._websocket.close()
                return
        if self._junk > _MOST_JUNK:
            await self._websocket.close(_POLICY_VIOLATION)

    async def _message(self) -> dict[str, Any] | None:
        """Wait for the next event; None after a disconnect or too many invalid messages."""
        while self._junk <= _MOST_JUNK:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            with contextlib.suppress(ChatterpodError):
                parsed = parse_object(message.get("text") or message.get("bytes") or b"")
                if isinstance(parsed.get("event"), str):
                    return parsed
            if not self._junk:
                _refusals.info("a media stream sent a message that is not an event")
            self._junk += 1
        return None

    async def _speak(self, mark: str, job_input: dict[str, Any]) -> None:
        """Send one request's speech, then its mark; after an error, the mark carries the error's code."""
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


def _value(name: str, value: object) -> object:
    """Convert a field's value to its type; a string field, such as an id of digits, stays a string."""
    if not isinstance(value, str) or name == "text":
        return value
    value = value.strip()
    if name in _STRINGS | {"voice"}:
        return value
    if value.lower() in _TRUTHS:
        return _TRUTHS[value.lower()]
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    return value


def _printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text[:_LOGGED_CHARACTERS])
    return shown if len(text) <= _LOGGED_CHARACTERS else f"{shown}..."
