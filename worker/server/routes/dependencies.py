"""Objects that an application's routes share, as FastAPI dependencies."""

import time
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from worker.server.backend import Backend
from worker.server.routes.twilio import Call
from worker.server.routes.voice_keeper import VoiceKeeper


class Shared:
    """The backend and the routes' shared state."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.started = time.monotonic()
        self.voices = VoiceKeeper(backend)
        self.calls: dict[str, Call] = {}
        """The connected calls by stream SID."""


async def _shared(connection: HTTPConnection) -> Shared:
    shared: Shared = connection.app.state.shared
    return shared


async def _backend(connection: HTTPConnection) -> Backend:
    return (await _shared(connection)).backend


async def _voices(connection: HTTPConnection) -> VoiceKeeper:
    return (await _shared(connection)).voices


async def _calls(connection: HTTPConnection) -> dict[str, Call]:
    return (await _shared(connection)).calls


TheShared = Annotated[Shared, Depends(_shared)]
TheBackend = Annotated[Backend, Depends(_backend)]
TheVoices = Annotated[VoiceKeeper, Depends(_voices)]
TheCalls = Annotated[dict[str, Call], Depends(_calls)]
