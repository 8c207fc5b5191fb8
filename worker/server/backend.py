"""What stands behind every route: the speech service, loaded in the background, and its counters."""

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
"""Of one connection, its request under way included; more where one request may have more."""


class Backend:
    """Answers requests once ``load`` is done; until then, and after a load that failed, says so."""

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
        """Called once it can speak, before the first request is let in."""
        self.errands = Errands(settings.store_timeout_s, _STORE_THREADS)
        """What HTTP asks the voices' store: apart from what speech asks it, however long either waits."""
        self._probe = StoreProbe(library, settings.store_timeout_s)
        self._waiting = WaitingText(server_settings.max_waiting_characters, "This server")
        self.metrics = ServerMetrics(self._vitals)
        self._observer = Observer([*sinks_of(settings), self.metrics])

    @property
    def state(self) -> Literal["loading", "ready", "failed"]:
        """Whether it can speak."""
        if self._is_loading:
            return "loading"
        return "ready" if self.failure is None else "failed"

    @property
    def failure(self) -> ChatterpodError | None:
        """Why the engine could not be loaded, or will not speak again."""
        return None if self._is_loading else self._service.failure

    async def load(self) -> None:
        """Load the engine on a thread; a failure is kept, and answers each request."""
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
        """Take no more requests; those under way may go on for so long, and then end with an error."""
        self.is_ending = True
        self._service.end_within(seconds)

    @property
    def has_failed_for_good(self) -> bool:
        """Whether the engine, once loaded, is beyond help: another process may do better."""
        return self._service.is_started and self._service.failure is not None

    @property
    def fingerprint(self) -> str:
        """The engine's; raises ``ChatterpodError`` where there is none."""
        return self._service.fingerprint

    @property
    def engine_name(self) -> str:
        """The engine's name; raises the ``ChatterpodError`` with which any request would be refused now."""
        self._service.check_open()
        return self._service.engine_name

    @property
    def active_requests(self) -> int:
        """How many requests are under way."""
        return self._service.active_requests

    def count_sockets(self, by: int) -> None:
        """Note that a WebSocket was opened, or that nothing of one is left."""
        self.open_sockets += by
        self.metrics.sockets.inc(by)

    async def close(self) -> None:
        """End what is under way and give back what the engine holds."""
        await asyncio.to_thread(self._service.close)

    async def respond(
        self, job_input: object, arrival: Arrival, interface: str, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; raises nothing but ``ChatterpodError``.

        Closing it, or cancelling whoever waits for it, frees the request's slot before its next step.
        ``interface`` names the route in the log and the counters. The text to speak may come from ``source``.
        """
        answer = self._service.respond(job_input, arrival, source)
        fed_text = None if source is None else lambda: source.taken
        watched = self._observer.watch(answer, job_input, arrival, interface, fed_text)
        async with aclosing(watched) as events:
            async for event in events:
                yield event

    def would_speak(self, job_input: object) -> bool:
        """Whether ``respond`` would let a job's input in: if not, it says why without taking long."""
        try:
            self.check(job_input)
        except ChatterpodError:
            return False
        return True

    def check(self, job_input: object) -> None:
        """Raise what is wrong with a job's input."""
        parse_request(
            job_input,
            max_text_characters=self.settings.max_text_characters,
            voice_aliases=self.settings.voice_aliases,
        )

    def waiting_text(self) -> WaitingText:
        """Return a connection's part of the text that waits."""
        most = max(_WAITING_CHARACTERS, self.settings.max_text_characters)
        return WaitingText(most, "This connection", self._waiting)

    async def prepare_voice(self, voice_id: str) -> None:
        """Load a voice, or compute its conditionals, before it is first spoken: a request like any other."""
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
        """Return how the service is, in any state of the store and however many requests there are."""
        return (await asyncio.to_thread(self._service.health)).as_json()

    @property
    def store_failure(self) -> StoreFailure | None:
        """Why no voice can be read that is not in memory, if so; asking waits for nothing."""
        return self._service.store_failure or self._probe.failure()

    def _vitals(self) -> Vitals | None:
        return self._service.vitals()

    def _fail(self, error: ChatterpodError) -> None:
        self._service, self._is_loading = Unable(error), False


def _begin(start: Callable[[], Service]) -> Future[Service]:
    """Call ``start`` on a thread that nobody has to wait for: a load cannot be stopped half-way."""
    started: Future[Service] = Future()

    def run() -> None:
        try:
            started.set_result(start())
        except BaseException as error:  # noqa: BLE001  # for whoever waits
            started.set_exception(error)

    started.set_running_or_notify_cancel()
    threading.Thread(target=run, name="load", daemon=True).start()
    return started


def arrival(request_id: str | None) -> Arrival:
    """Note that a request has come, under the client's name for it where that can be one."""
    name = request_id if request_id and _REQUEST_ID.fullmatch(request_id) else uuid4().hex
    return Arrival(name, in_pieces=True)
