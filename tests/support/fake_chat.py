"""A fake of OpenAI's chat API that streams a given text, one word at a time."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class FakeChat:
    """Answers every question with `answer`; at the sign ``|`` it stops until `go_on` is set."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.go_on = threading.Event()
        self.asked: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def fake_chat(answer: str) -> Iterator[FakeChat]:
    """Serve a model on this machine."""
    chat = FakeChat(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            chat.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for number, part in enumerate(chat.answer.split("|")):
                assert number == 0 or chat.go_on.wait(30)
                for word in part.split(" "):
                    self._tell({"content": f"{word} "})
            self._tell({}, finish_reason="stop")
            self.wfile.write(b"data: [DONE]\n\n")

        def _tell(self, delta: dict[str, str], finish_reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            facts = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "fake"}
            self.wfile.write(b"data: " + json.dumps(facts | {"choices": [choice]}).encode() + b"\n\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
