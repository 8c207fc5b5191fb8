"""A real server in this process: uvicorn on a thread and a port of its own, over any engine."""

from __future__ import annotations

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
from worker.service import SpeechService
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from worker.engine.base import Engine

START_S = 20.0


class Served:
    """What a test sees of a running server."""

    def __init__(self, backend: Backend, port: int) -> None:
        self.backend = backend
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

    @property
    def active(self) -> int:
        """Requests that have a thread."""
        return self.backend._service._threads.active


@contextmanager
def served(
    engine: Engine | Callable[[], Engine],
    voices_dir: Path,
    *,
    max_concurrency: int = 8,
    max_text_characters: int = 5_000,
    wait: bool = True,
    **server_settings: Any,
) -> Iterator[Served]:
    """Serve an engine, or what makes one; waits until it is ready unless told otherwise."""
    settings = Settings(
        voices_dir=(voices_dir,),
        max_concurrency=max_concurrency,
        max_text_characters=max_text_characters,
        max_result_mb=1000,
        log_level="WARNING",
    )
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
        site = Served(backend, listening.getsockname()[1])
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
