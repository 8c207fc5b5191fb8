"""A Chatterpod server over HTTP, without a queue: a load-balancing endpoint, a Pod, a laptop."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from chatterpod.api import ask_until_answered, json_or_none, quote, read_object, retry_after_s
from chatterpod.errors import (
    EndpointUnreachable,
    JobCancelled,
    MalformedEvent,
    NotOffered,
    StreamIncomplete,
    UnexpectedAnswer,
)
from chatterpod.request_errors import REQUEST_ERRORS, Loading, Overloaded, RequestFailed
from chatterpod.steps import Ask, Close, HangUp, Read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.deadline import Deadline
    from chatterpod.steps import Answer, Steps


ACTION_PATHS = {"list_voices": "/voices", "health": "/health"}
OK, NO_CONTENT, UNAVAILABLE = 200, 204, 503


class HttpApi:
    """Client side of one server."""

    def __init__(self, base_url: str, *, request_timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._request_timeout = request_timeout

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> HttpSpeech:
        """Return a speech request; it is sent when its first event is asked for."""
        return HttpSpeech(self, job_input, deadline)

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[dict[str, Any]]:
        """Run an action that has a path of its own; raises NotOffered for the others."""
        action = job_input.get("action")
        path = ACTION_PATHS.get(action) if isinstance(action, str) else None
        if path is None:
            offered = ", ".join(ACTION_PATHS)
            raise NotOffered(f"{action!r} over HTTP: it offers {offered}; the queue has every action")
        return read_object(check((yield from self._get(path, deadline))))

    def health(self, deadline: Deadline) -> Steps[dict[str, Any]]:
        """Return the loaded engine and the number of requests in progress."""
        return read_object(check((yield from self._get("/health", deadline))))

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Ask as a load balancer does; raises EngineFailure if the server could not load its engine."""
        try:
            response = yield from self._get("/ping", deadline, repeatable=False)
        except EndpointUnreachable:
            return False  # it is not listening yet
        if response.status_code in {OK, NO_CONTENT}:
            return response.status_code == OK
        try:
            read_object(check(response))
        except (EndpointUnreachable, Overloaded, Loading):
            return False  # its proxy has found no worker yet
        return False

    def speak(self, job_input: dict[str, Any], request_id: str, deadline: Deadline) -> Steps[Answer]:
        """Request speech as lines of events, the body not yet read; raises the error of a refusal."""
        ask = Ask(
            "POST",
            f"{self.base_url}/tts/generate",
            job_input,
            headers=(("Accept", "application/x-ndjson"), ("X-Request-Id", request_id)),
            silence_s=self._request_timeout,
        )
        answer = yield from ask_until_answered(ask, deadline, self._request_timeout, repeatable=False)
        check(answer.response)
        if answer.pieces is None:
            raise UnexpectedAnswer(f"HTTP {answer.response.status_code}: is this a server of ours?")
        return answer

    def _get(self, path: str, deadline: Deadline, *, repeatable: bool = True) -> Steps[httpx.Response]:
        ask = Ask("GET", self.base_url + path)
        answer = yield from ask_until_answered(ask, deadline, self._request_timeout, repeatable=repeatable)
        return answer.response


def check(response: httpx.Response) -> httpx.Response:
    """Return a successful response; raise the error of another: RequestFailed if the request is at fault."""
    if response.is_success:
        return response
    told_s = retry_after_s(response)
    answer = json_or_none(response)
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict) and error.get("code") in REQUEST_ERRORS:
        raise RequestFailed.from_error(error, told_s)
    if response.status_code == UNAVAILABLE and told_s is not None:  # a proxy's wording
        raise Overloaded("overloaded", f"HTTP 503: {quote(response.text)}", retry_after_s=told_s)
    read_object(response)
    raise AssertionError("read_object raises for an unsuccessful response")


class HttpSpeech:
    """One request: sent when its first event is asked for, cancelled by closing the connection."""

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
        """Do nothing: a request that is sent must have its response read."""
        yield from ()

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Read until a line is complete, or the body ends."""
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
        """Close the connection, which stops the request; before the response began, do so when it begins."""
        if self.status == "COMPLETED":
            return
        self._is_cancelled = True
        self.status = "CANCELLED"
        if self._answer is not None:
            yield HangUp(self._answer)

    def release(self) -> Steps[None]:
        """Read the body's end if nothing else is left, so that its connection can be reused."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        if self.status == "COMPLETED" and not self._is_over:
            self._is_over = True
            with contextlib.suppress(httpx.RequestError):  # all events have come
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
        """Take a piece of the body and return the events that it completes."""
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
