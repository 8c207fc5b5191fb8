"""An endpoint that answers from a script: what the hosted API might do, and a real one seldom does."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx

from chatterpod import SpeechClient

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "https://endpoint.test/v2/ep"
KEY = "secret-key-123"
UNKNOWN_VOICE = json.dumps({"code": "unknown_voice", "message": "No voice 'x'.", "field": "voice_id"})

Answer = httpx.Response | Exception | dict[str, Any]


def start(**changes: Any) -> dict[str, Any]:
    return {
        "type": "start",
        "request_id": "r1",
        "voice_id": "default",
        "engine": "preview",
        "format": "mp3",
        "mime": "audio/mpeg",
        "sample_rate": 24000,
        "channels": 1,
        "ignored": ["cfg_weight"],
    } | changes


def audio(index: int, data: bytes = b"abc") -> dict[str, Any]:
    payload = base64.b64encode(data).decode()
    return {"type": "audio", "index": index, "offset_s": index * 0.5, "seconds": 0.5, "audio": payload}


def end(data: bytes, chunks: int, **changes: Any) -> dict[str, Any]:
    return {
        "type": "end",
        "chunks": chunks,
        "audio_seconds": chunks * 0.5,
        "sha256": hashlib.sha256(data).hexdigest(),
        "metrics": {"ttfa_ms": 12.5},
    } | changes


def whole(chunks: int = 2) -> list[dict[str, Any]]:
    return [start(), *(audio(i) for i in range(chunks)), end(b"abc" * chunks, chunks)]


def poll(*events: Any, status: str = "IN_PROGRESS", **more: Any) -> dict[str, Any]:
    return {"status": status, "stream": [{"output": event} for event in events], **more}


class Script:
    """Answers `/run` with a job and each poll with the next of `polls`, the last for ever."""

    def __init__(self, *polls: Answer, **others: list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {
            "run": [{"id": "job1", "status": "IN_QUEUE"}],
            "stream": list(polls),
            "cancel": [{"id": "job1", "status": "CANCELLED"}],
            **others,
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        route = request.url.path.removeprefix("/v2/ep/").partition("/")[0]
        answers = self.answers[route]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def count(self, route: str) -> int:
        return sum(f"/{route}" in request.url.path for request in self.requests)

    def client(self, **options: Any) -> SpeechClient:
        return SpeechClient(BASE, KEY, transport=httpx.MockTransport(self), **options)


def finish(*events: Any, status: str = "COMPLETED", **more: Any) -> Script:
    return Script(poll(*events), poll(status=status, **more), status=[{"status": status, **more}])


def outcome(action: Callable[[], Any]) -> Any:
    """Return what the action returns or raises."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 - it is what is looked at
        return error
