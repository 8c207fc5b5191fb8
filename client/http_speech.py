"""One request over HTTP: lines of events, while they are spoken."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from client.errors import JobCancelled, MalformedEvent, StreamIncomplete
from client.steps import Close, HangUp, Read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.deadline import Deadline
    from client.http_api import HttpApi
    from client.steps import Answer, Steps


class HttpSpeech:
    """A request: sent when its first event is asked for, cancelled by hanging up."""

    def __init__(self, api: HttpApi, job_input: dict[str, Any], deadline: Deadline) -> None:
        self.id = uuid4().hex
        self.status = "IN_QUEUE"
        self._api = api
        self._input = job_input
        self._deadline = deadline
        self._answer: Answer | None = None
        self._line = bytearray()
        self._is_cancelled = False
        self._is_over = False

    def begin(self) -> Steps[None]:
        """Do nothing: the answer of a request that is sent must be read."""
        yield from ()

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Read until a line is whole, or the body ends."""
        answer = yield from self._open()
        while not self._is_over:
            self._raise_if_cancelled()
            self._deadline.left()
            try:
                piece: bytes | None = yield Read(answer)
            except httpx.RequestError as error:
                self._raise_if_cancelled()
                raise StreamIncomplete(f"the connection broke: {type(error).__name__} {error}") from error
            self._is_over = piece is None
            if events := self._events(piece or b"\n"):
                return events
        return None

    def cancel(self) -> Steps[None]:
        """Hang up, upon which the server stops; before it has answered, that is done once it has."""
        if self.status == "COMPLETED":
            return
        self._is_cancelled = True
        self.status = "CANCELLED"
        if self._answer is not None:
            yield HangUp(self._answer)

    def release(self) -> Steps[None]:
        """Read the body's end if nothing else is left of it, so that its connection can be used again."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        if self.status == "COMPLETED" and not self._is_over:
            self._is_over = True
            with contextlib.suppress(httpx.RequestError):  # all events are here
                yield Read(answer)
        yield Close(answer)

    def _open(self) -> Steps[Answer]:
        self._raise_if_cancelled()
        if self._answer is None:
            self._answer = yield from self._api.speak(self._input, self.id, self._deadline)
            self.status = "IN_PROGRESS"
            self._raise_if_cancelled()
        return self._answer

    def _events(self, piece: bytes) -> list[Any]:
        """Take a piece of the body in, and return the events that it completes."""
        *lines, rest = piece.split(b"\n")
        whole = []
        for line in lines:
            self._line += line
            if self._line:
                whole.append(self._read(bytes(self._line)))
            self._line.clear()
        self._line += rest
        return whole

    def _read(self, line: bytes) -> Any:
        try:
            event = json.loads(line)
        except ValueError as error:
            raise MalformedEvent(f"a line that is not JSON: {line[:200]!r}") from error
        if isinstance(event, dict) and event.get("type") == "end":
            self.status = "COMPLETED"
        return event

    def _raise_if_cancelled(self) -> None:
        if self._is_cancelled:
            raise JobCancelled(f"request {self.id} was cancelled")
