"""An HTTP proxy that injects faults: errors, dropped connections, truncated bodies, stalls.

It stands before a server, passes requests on unchanged (so that their signatures hold), and asks
``choose`` of each what to do to it. One connection carries one request.
"""

import http.client
import json
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


class Fault(Enum):
    INTERNAL_ERROR = auto()
    """HTTP 500; the request is not passed on."""
    UNAVAILABLE = auto()
    """HTTP 503; the request is not passed on."""
    DROP_REQUEST = auto()
    """The connection is reset; the request is not passed on."""
    DROP_ANSWER = auto()
    """The connection is reset after the request took effect."""
    CUT_BODY = auto()
    """Half of the answer's body, and the connection is closed in order."""
    RESET_BODY = auto()
    """Half of the answer's body, and the connection is reset."""
    STALL = auto()
    """No answer, though the request took effect."""
    STALL_BODY = auto()
    """Half of the answer's body, and no more."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def error(cls, status: int, code: str, more: str = "") -> "Answer":
        """Make an error as S3 words them."""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message>{more}</Error>"
        return cls(status, body.encode(), (("Content-Type", "application/xml"),))

    @classmethod
    def of_json(cls, value: Any) -> "Answer":
        """Make a good answer."""
        return cls(200, json.dumps(value).encode(), (("Content-Type", "application/json"),))


Alter = Callable[[Answer], Answer | Fault]
"""What to make of the server's answer: another one, or a fault on its way."""

Step = Fault | Answer | Alter | None

Choose = Callable[[Request], Step]
"""What to do to a request: a fault, an answer in the server's place, a change to its answer, or nothing."""


def at_random(rate: float, seed: int, faults: tuple[Fault, ...] = tuple(Fault)) -> Choose:
    """Let each request fail with a probability of ``rate``."""
    generator = random.Random(seed)
    lock = threading.Lock()

    def choose(_: Request) -> Fault | None:
        with lock:
            return generator.choice(faults) if generator.random() < rate else None

    return choose


def in_turn(*steps: Step) -> Choose:
    """Do to the first requests what ``steps`` say, and nothing to later ones."""
    remaining = list(steps)
    lock = threading.Lock()

    def choose(_: Request) -> Step:
        with lock:
            return remaining.pop(0) if remaining else None

    return choose


class FaultProxy:
    """The proxy, from its making until ``close``. A context manager."""

    def __init__(self, upstream: str, choose: Choose, *, stall_s: float = 30.0) -> None:
        self.upstream = urlsplit(upstream)
        self.choose = choose
        self.stall_s = stall_s
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Let go of stalled connections, and stop."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: FaultProxy

    def handle_error(self, *_: object) -> None:
        """Say nothing: that clients go away is what they are tested for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if self.raw_requestline and self.parse_request():  # which also answers "Expect: 100-continue"
            self.close_connection = True  # which parsing has undone: a dropped connection would be kept
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, self.headers.items(), body)
            self.server.proxy.requests.append(request)
            self._serve(request, self.server.proxy.choose(request))

    def _serve(self, request: Request, step: Step) -> None:
        match step:
            case Answer():
                self._send(step, len(step.body))
            case Fault.INTERNAL_ERROR:
                self._serve(request, Answer.error(500, "InternalError"))
            case Fault.UNAVAILABLE:
                self._serve(request, Answer.error(503, "ServiceUnavailable"))
            case Fault.DROP_REQUEST:
                self._reset()
            case _:
                self._pass_on(request, step)

    def _pass_on(self, request: Request, step: Fault | Alter | None) -> None:
        answer = self._ask_upstream(request)
        altered = step if step is None or isinstance(step, Fault) else step(answer)
        if isinstance(altered, Answer):
            answer, fault = altered, None
        else:
            fault = altered
        if fault is Fault.DROP_ANSWER:
            self._reset()
        elif fault is Fault.STALL:
            self._stall()
        elif fault is None:
            self._send(answer, len(answer.body))
        else:
            self._send(answer, len(answer.body) // 2)
            if fault is Fault.STALL_BODY:
                self._stall()
            elif fault is Fault.RESET_BODY:
                self._reset()

    def _ask_upstream(self, request: Request) -> Answer:
        upstream = self.server.proxy.upstream
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=30)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            return Answer(response.status, response.read(), tuple(response.getheaders()))
        finally:
            connection.close()

    def _send(self, answer: Answer, length: int) -> None:
        """Send the answer's head, which promises the whole body, and ``length`` bytes of it."""
        self.send_response_only(answer.status)
        passed_on = {name.lower(): value for name, value in answer.headers}
        for ours in ("connection", "transfer-encoding"):
            passed_on.pop(ours, None)
        passed_on.setdefault("content-length", str(len(answer.body)))
        for name, value in passed_on.items():
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[:length])

    def _stall(self) -> None:
        self.server.proxy.closing.wait(self.server.proxy.stall_s)

    def _reset(self) -> None:
        # Lingering for no time makes the close an RST. The handler's files hold the socket open too.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
