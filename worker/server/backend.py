"""The backend that all routes share: the speech service, loaded in the background, and its counters."""

import asyncio
import logging
import re
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any, Literal
from uuid import uuid4

from voices.errors import ChatterpodError, StoreFailure
from voices.library import VoiceLibrary
from worker.errors import EngineFailure
from worker.events import Event, Vitals
from worker.request import Arrival, ListVoicesRequest, parse_request
from worker.server.failures import Loading
from worker.server.settings import ServerSettings
from worker.server.store_probe import StoreProbe
from worker.server.waiting import WaitingText
from worker.service.unable import Service, Unable
from worker.settings import Settings
from worker.speech.errands import Errands
from worker.speech.text_source import TextSource
from worker.telemetry.metrics import ServerMetrics
from worker.telemetry.observer import Observer, sinks_of

log = logging.getLogger(__name__)

_STORE_THREADS = 8
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WAITING_CHARACTERS = 200_000
"""Upper bound for one connection, its current request included; at least one request's maximum."""


class Backend:
    """Answers requests once ``load`` is done; before that, or if it failed, refuses them with the reason."""

    def __init__(
        self,
        start: Callable[[], Service],
        library: VoiceLibrary,
        settings: Settings,
        server_settings: ServerSettings,
    ) -> None:
        self._start = start
        self.library = library
        self.settings = settings
        self.server_settings = server_settings
        self._service: Service = Unable(Loading())
        self._is_loading = True
        self.open_sockets = 0
        self.is_ending = False
        self.on_ready: Callable[[], None] = lambda: None
        """Called once the engine is ready, before the first request is accepted."""
        self.errands = Errands(settings.store_timeout_s, _STORE_THREADS)
        """HTTP's threads for the voices' store; speech has its own, so neither waits for the other."""
        self._probe = StoreProbe(library, settings.store_timeout_s)
        self._waiting = WaitingText(server_settings.max_waiting_characters, "This server")
        self.metrics = ServerMetrics(self._vitals)
        self._observer = Observer([*sinks_of(settings), self.metrics])

    @property
    def state(self) -> Literal["loading", "ready", "failed"]:
        """The engine's state."""
        if self._is_loading:
            return "loading"
        return "ready" if self.failure is None else "failed"

    @property
    def failure(self) -> ChatterpodError | None:
        """The error that made loading fail, or that stopped the engine for good; None otherwise."""
        return None if self._is_loading else self._service.failure

    async def load(self) -> None:
        """Load the engine on a thread; after a failure, each request is refused with that error."""
        try:
            self._service = await asyncio.wrap_future(_begin(self._start))
            self._is_loading = False
            self.on_ready()
        except ChatterpodError as error:
            log.exception("the server cannot speak: %s", error.message)
            self._fail(error)
        except Exception:
            log.exception("the server cannot speak")
            self._fail(EngineFailure("The engine could not be loaded; the worker's log says why."))

    def end_within(self, seconds: float) -> None:
        """Accept no new requests; those in progress have ``seconds`` to finish, then end with an error."""
        self.is_ending = True
        self._service.end_within(seconds)

    @property
    def has_failed_for_good(self) -> bool:
        """Whether the engine failed unrecoverably after it was loaded: only a new process may help."""
        return self._service.is_started and self._service.failure is not None

    @property
    def fingerprint(self) -> str:
        """The engine's fingerprint; raises ``ChatterpodError`` while no engine is loaded."""
        return self._service.fingerprint

    @property
    def engine_name(self) -> str:
        """The engine's name; raises the ``ChatterpodError`` with which any request would be refused now."""
        self._service.check_open()
        return self._service.engine_name

    @property
    def active_requests(self) -> int:
        """Number of requests in progress."""
        return self._service.active_requests

    def count_sockets(self, by: int) -> None:
        """Add ``by`` to the number of open WebSockets: 1 or -1."""
        self.open_sockets += by
        self.metrics.sockets.inc(by)

    async def close(self) -> None:
        """End the requests in progress and release the engine's resources."""
        await asyncio.to_thread(self._service.close)

    async def respond(
        self, job_input: object, arrival: Arrival, interface: str, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; raises only ``ChatterpodError``.

        Closing the generator, or cancelling its consumer, frees the request's slot before its next step.
        ``interface`` names the route in the log and the counters. ``source`` may supply the text to speak.
        """
        answer = self._service.respond(job_input, arrival, source)
        fed_text = None if source is None else lambda: source.taken
        watched = self._observer.watch(answer, job_input, arrival, interface, fed_text)
        async with aclosing(watched) as events:
            async for event in events:
                yield event

    def would_speak(self, job_input: object) -> bool:
        """Whether ``respond`` would accept a job's input; a refusal there is immediate."""
        try:
            self.check(job_input)
        except ChatterpodError:
            return False
        return True

    def check(self, job_input: object) -> None:
        """Raise ``ChatterpodError`` for an invalid job's input."""
        parse_request(
            job_input,
            max_text_characters=self.settings.max_text_characters,
            voice_aliases=self.settings.voice_aliases,
        )

    def waiting_text(self) -> WaitingText:
        """Return a new count of a connection's waiting text, part of the server's count."""
        most = max(_WAITING_CHARACTERS, self.settings.max_text_characters)
        return WaitingText(most, "This connection", self._waiting)

    async def prepare_voice(self, voice_id: str) -> None:
        """Load a voice, or compute its conditionals, before its first use; counts as a request."""
        asked = {"action": "prepare_voice", "voice_id": voice_id}
        async with aclosing(self.respond(asked, arrival(None), "http")) as events:
            await anext(events)

    async def voices(self) -> list[dict[str, Any]]:
        """Return the description of every voice; raises ``ChatterpodError``."""
        service = self._service

        def pages() -> list[dict[str, Any]]:
            voices: list[dict[str, Any]] = []
            request = ListVoicesRequest(action="list_voices")
            while True:
                page = service.voices(request)
                voices += page.voices
                if page.next is None:
                    return voices
                request = ListVoicesRequest(action="list_voices", after=page.next)

        return await self.errands.ask("list", pages)

    async def health(self) -> dict[str, Any]:
        """Return the service's health; depends on neither the store nor the number of requests."""
        return (await asyncio.to_thread(self._service.health)).as_json()

    @property
    def store_failure(self) -> StoreFailure | None:
        """The error that prevents reading voices that are not cached, or None; does not block."""
        return self._service.store_failure or self._probe.failure()

    def _vitals(self) -> Vitals | None:
        return self._service.vitals()

    def _fail(self, error: ChatterpodError) -> None:
        self._service, self._is_loading = Unable(error), False


def _begin(start: Callable[[], Service]) -> Future[Service]:
    """Call ``start`` on a daemon thread, since loading cannot be interrupted."""
    started: Future[Service] = Future()

    def run() -> None:
        try:
            started.set_result(start())
        except BaseException as error:  # noqa: BLE001  # raised again in the waiting coroutine
            started.set_exception(error)

    started.set_running_or_notify_cancel()
    threading.Thread(target=run, name="load", daemon=True).start()
    return started


def arrival(request_id: str | None) -> Arrival:
    """Return a request's arrival, now, under the client's request id if that is valid, else a new one."""
    name = request_id if request_id and _REQUEST_ID.fullmatch(request_id) else uuid4().hex
    return Arrival(name, in_pieces=True)
