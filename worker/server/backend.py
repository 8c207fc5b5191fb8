"""What stands behind every route: the speech service, loaded in the background, and its counters."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Literal
from uuid import uuid4

from voices.errors import ChatterpodError
from voices.library import VoiceLibrary
from worker.errors import EngineFailure
from worker.events import Event
from worker.observation.observer import Observer
from worker.observation.sinks import sinks_of
from worker.progress import Arrival
from worker.server.failures import Loading
from worker.server.metrics import ServerMetrics
from worker.server.settings import ServerSettings
from worker.service import SpeechService
from worker.settings import Settings
from worker.vitals import Vitals

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Backend:
    """Answers requests once ``load`` is done; until then, and after a load that failed, says so."""

    def __init__(
        self,
        start: Callable[[], SpeechService],
        library: VoiceLibrary,
        settings: Settings,
        server_settings: ServerSettings,
    ) -> None:
        self._start = start
        self.library = library
        self.settings = settings
        self.server_settings = server_settings
        self._service: SpeechService | None = None
        self._failure: ChatterpodError | None = None
        self.open_sockets = 0
        self.metrics = ServerMetrics(self._vitals)
        self._observer = Observer([*sinks_of(settings), self.metrics])

    @property
    def state(self) -> Literal["loading", "ready", "failed"]:
        """Whether it can speak."""
        if self._failure is not None:
            return "failed"
        return "loading" if self._service is None else "ready"

    @property
    def failure(self) -> ChatterpodError | None:
        """Why the engine could not be loaded."""
        return self._failure

    async def load(self) -> None:
        """Load the engine on a thread; a failure is kept, to be told to whoever asks."""
        try:
            self._service = await asyncio.to_thread(self._start)
        except ChatterpodError as error:
            log.exception("the server cannot speak: %s", error.message)
            self._failure = error
        except Exception:
            log.exception("the server cannot speak")
            self._failure = EngineFailure("The engine could not be loaded; the worker's log says why.")

    async def close(self) -> None:
        """End what is under way and give back what the engine holds."""
        if self._service is not None:
            await asyncio.to_thread(self._service.close)

    async def respond(self, job_input: object, arrival: Arrival, interface: str) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; raises nothing but ``ChatterpodError``.

        Closing it, or cancelling whoever waits for it, frees the request's slot before its next step.
        ``interface`` names the route in the log and the counters.
        """
        respond = partial(self._respond, job_input, arrival)
        async with aclosing(self._observer.watch(respond, job_input, arrival, interface)) as events:
            async for event in events:
                yield event

    async def ask(self, job_input: object) -> Event:
        """Return the one event that answers an action such as ``list_voices``."""
        async with aclosing(self.respond(job_input, arrival(None), "http")) as events:
            return await anext(events)

    def _respond(self, job_input: object, arrival: Arrival) -> AsyncIterator[Event]:
        return self._ready().respond(job_input, arrival)

    def _vitals(self) -> Vitals | None:
        return self._service.vitals() if self._service is not None else None

    def _ready(self) -> SpeechService:
        if self._failure is not None:
            raise self._failure
        if self._service is None:
            raise Loading("The engine is still being loaded: try again in a few seconds.")
        return self._service


def arrival(request_id: str | None) -> Arrival:
    """Note that a request has come, under the client's name for it where that can be one."""
    return Arrival(request_id if request_id and _REQUEST_ID.fullmatch(request_id) else uuid4().hex)
