"""A real server in this process: uvicorn on a thread and a port of its own, with any engine."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from voices.library import VoiceLibrary
from voices.registry import VoiceRegistry
from worker.server.backend import Backend
from worker.server.serve import make_server
from worker.server.settings import ServerSettings
from worker.service.service import SpeechService
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from worker.engine.base import Engine
    from worker.server.ending import PatientServer

START_S = 20.0


class Served:
    """What a test sees of a running server."""

    def __init__(self, backend: Backend, server: PatientServer, thread: threading.Thread, port: int) -> None:
        self.backend = backend
        self._server = server
        self._thread = thread
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}"

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Whether something becomes so in time."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def tell_to_end(self) -> None:
        """Do what SIGTERM does."""
        self._server.handle_exit(signal.SIGTERM, None)

    @property
    def has_ended(self) -> bool:
        """Whether the server runs no more."""
        return not self._thread.is_alive()

    @property
    def active(self) -> int:
        """Requests that have a thread."""
        return self.backend._service._threads.active


@contextmanager
def served(
    engine: Engine | Callable[[], Engine],
    voices_dir: Path,
    *,
    wait: bool = True,
    **given: Any,
) -> Iterator[Served]:
    """Serve an engine, or what makes one, by the settings given; waits until it is ready, if wanted."""
    usual = {
        "max_concurrency": 8,
        "max_text_characters": 5_000,
        "max_result_mb": 1000,
        "log_level": "WARNING",
    }
    ours = {name: value for name, value in given.items() if name in Settings.model_fields}
    settings = Settings(voices_dir=(voices_dir,), **{**usual, **ours})
    server_settings = {name: value for name, value in given.items() if name not in ours}
    library = VoiceLibrary([VoiceRegistry.at(voices_dir)])

    def start() -> SpeechService:
        return SpeechService(engine() if callable(engine) else engine, library, settings)

    backend = Backend(start, library, settings, ServerSettings(**{"port": 0, **server_settings}))
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = make_server(backend)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        site = Served(backend, server, thread, listening.getsockname()[1])
        assert site.wait_until(lambda: server.started, START_S)
        assert not wait or site.wait_until(lambda: backend.state != "loading", START_S)
        yield site
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def audio_of(site: Served, **body: Any) -> bytes:
    """Speak by /tts/generate."""
    answer = httpx.post(f"{site.url}/tts/generate", json=body, timeout=30)
    answer.raise_for_status()
    return answer.content
