"""The service behind every interface: a job's input in, events out."""

import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing, suppress
from copy import copy

from voices.errors import ChatterpodError, StoreFailure
from voices.library import VoiceLibrary
from voices.voice import DEFAULT_VOICE_ID
from worker.engine.base import Engine, IsCancelled
from worker.engine.choice import open_engine
from worker.engine.machine import device_memory, free_memory
from worker.errors import EngineFailure, ShuttingDown
from worker.events import EndEvent, Event, HealthEvent, Vitals, VoicePreparedEvent, VoicesEvent
from worker.request import (
    Arrival,
    HealthRequest,
    ListVoicesRequest,
    PrepareVoiceRequest,
    Request,
    SpeechRequest,
    parse_request,
)
from worker.service.last_requests import LastRequests, Pace
from worker.service.listing import list_voices
from worker.service.request_threads import RequestThreads
from worker.service.watchdog import Watchdog
from worker.settings import MEBIBYTE, Settings, doubts
from worker.speech.errands import Errands
from worker.speech.synthesizer import Synthesizer

log = logging.getLogger(__name__)

_BYTES_A_REQUEST = 24 * MEBIBYTE
"""4 were measured while it streams MP3; a result of MAX_RESULT_MB is held whole, twice for a moment."""
_SHARE_OF_FREE_MEMORY = 0.5


def requests_at_once(engine: Engine, free_host_bytes: int | None = None) -> int:
    """Return what the engine has memory for on its device, and the rest of a request in this container."""
    free = free_memory() if free_host_bytes is None else free_host_bytes
    in_host = int(free * _SHARE_OF_FREE_MEMORY / _BYTES_A_REQUEST)
    count = max(min(engine.capacity, in_host), 1)
    log.info(
        "%d requests at once: the engine has memory for %d, %d MB free in the container allow %d",
        count, engine.capacity, free // MEBIBYTE, in_host,
    )  # fmt: skip
    return count


log = logging.getLogger(__name__)

_COUNT_S = 1.0
_WAITING_FOR_EACH = 4
"""Requests that may wait for each one that is spoken; RunPod's own queue holds the rest."""


class SpeechService:
    """Answers requests with one engine and one registry.

    An engine that is stuck, or beyond help, fails what is under way and all that comes after; who wants to
    replace the worker then, sets ``on_failure``.
    """

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self._settings = settings
        self._engine = engine
        self._synthesizer = Synthesizer(engine, library, settings)
        self._library = library
        self.errands = self._synthesizer.errands
        self.max_concurrency = settings.max_concurrency or requests_at_once(engine)
        waiting = settings.max_waiting
        if waiting is None:
            waiting = self.max_concurrency * _WAITING_FOR_EACH
        self._threads = RequestThreads(self.max_concurrency + waiting, settings.stall_timeout_s)
        self.on_failure: Callable[[], None] = lambda: None
        """Called once, from another thread, after an engine's failure for good."""
        self._failure: EngineFailure | None = None
        self._pace = Pace()
        self._is_ending = False
        self._last_requests: LastRequests | None = None
        self._last_call: threading.Timer | None = None
        self._watchdog = Watchdog(engine.pulse, settings.engine_timeout_s, self._fail)

    @classmethod
    def start(cls, settings: Settings) -> "SpeechService":
        """Load the engine that the settings ask for; raises ``EngineFailure`` when it cannot be."""
        engine = open_engine(settings)
        library = VoiceLibrary.at(*settings.voices_dir)
        with suppress(StoreFailure):  # every request will say so
            errands = Errands(settings.store_timeout_s)
            for doubt in errands.run("aliases", lambda: list(doubts(settings.voice_aliases, library))):
                log.warning("VOICE_ALIASES: %s", doubt)
        log.info("ready: engine %s, voices in %s", engine.name, library)
        return cls(engine, library, settings)

    @property
    def active_requests(self) -> int:
        """How many requests are under way."""
        return self._threads.active

    @property
    def fingerprint(self) -> str:
        """The engine's: voices with conditionals for it need no computing."""
        return self._engine.fingerprint

    @property
    def failure(self) -> EngineFailure | None:
        """Why it will not speak again, if so."""
        return self._failure

    async def respond(self, job_input: object, arrival: Arrival) -> AsyncGenerator[Event]:
        """Yield the events that answer a job's input; raises nothing but ``ChatterpodError``."""
        if self._is_ending and self._last_requests is None and self._failure is None:
            raise ShuttingDown
        try:
            request = self._accept(job_input)
            async with aclosing(
                self._threads.stream(lambda cancelled: self._answer(request, arrival, cancelled))
            ) as events:
                async for event in events:
                    yield event
        except ChatterpodError:
            raise
        except Exception as error:
            log.exception("request %s failed", arrival.request_id)
            raise EngineFailure(
                f"The engine failed on this request; the worker's log says why, under {arrival.request_id}."
            ) from error

    def end_within(self, seconds: float, *, takes_what_fits: bool = False) -> None:
        """Let the requests under way go on for so long, and then end with an error; take no more.

        ``takes_what_fits`` still takes the requests that are likely to end in time.
        """
        self._last_requests = LastRequests(seconds, self._pace) if takes_what_fits else None
        self._is_ending = True
        error = ShuttingDown(
            f"This worker is being stopped, and {seconds:.0f} s were too few for the speech."
        )
        self._last_call = threading.Timer(seconds, self._threads.fail, [error])
        self._last_call.daemon = True
        self._last_call.start()

    def vitals(self) -> Vitals:
        """Tell how it is right now; any thread may ask."""
        return Vitals(
            active_requests=self._threads.active,
            cached_voices=len(self._synthesizer.voices),
            voice_cache_bytes=self._synthesizer.voices.kept_bytes,
            engine_load=self._engine.occupancy(),
            device_memory=device_memory(),
        )

    def health(self) -> HealthEvent:
        """Tell how it is, with the number of voices where the store says it within a second."""
        count: int | None = None
        with suppress(StoreFailure):
            count = self.errands.run("count", lambda: len(self._library.ids()), _COUNT_S)
        return HealthEvent(
            engine=self._engine.name,
            sample_rate=self._engine.sample_rate,
            voices=count,
            **vars(self.vitals()),
        )

    def voices(self, request: ListVoicesRequest) -> VoicesEvent:
        """Return a page of the voices, on the caller's own thread."""
        return list_voices(self._library, request, self._engine.fingerprint)

    def close(self) -> None:
        """Stop the requests' threads and give back what the engine holds; one that failed may never do so."""
        self._watchdog.close()
        if self._last_call is not None:
            self._last_call.cancel()
        if self._failure is not None:
            return
        self._threads.close()
        self._synthesizer.close()
        self._engine.close()

    def _fail(self, failure: EngineFailure) -> None:
        self._failure = failure
        self.on_failure()  # first: the answers may already have to say it
        self._threads.fail(failure)

    def _accept(self, job_input: object) -> Request:
        request = parse_request(
            job_input,
            max_text_characters=self._settings.max_text_characters,
            voice_aliases=self._settings.voice_aliases,
        )
        if self._failure is not None:
            raise copy(self._failure)  # each raise of the same one would add to its traceback
        if self._last_requests is not None and not self._last_requests.have_room_for(request):
            raise ShuttingDown
        return request

    def _answer(self, request: Request, arrival: Arrival, cancelled: IsCancelled) -> Iterator[Event]:
        match request:
            case HealthRequest():
                yield self.health()
            case ListVoicesRequest():
                yield self.errands.run("list", lambda: self.voices(request))
            case PrepareVoiceRequest():
                yield self._prepare(request)
            case SpeechRequest():
                yield from self._speak(request, arrival, cancelled)

    def _speak(self, request: SpeechRequest, arrival: Arrival, cancelled: IsCancelled) -> Iterator[Event]:
        began = time.monotonic()
        with closing(self._synthesizer.speak(request, arrival, cancelled)) as events:
            for event in events:
                if isinstance(event, EndEvent):
                    self._pace.note(request.text, time.monotonic() - began)
                yield event

    def _prepare(self, request: PrepareVoiceRequest) -> VoicePreparedEvent:
        voice = self._synthesizer.voices.get(request.voice_id)
        self._synthesizer.voices.settle()
        return VoicePreparedEvent(
            voice_id=voice.voice_id,
            engine=self._engine.name,
            fingerprint=voice.conditionals.fingerprint,
            voice_cache=voice.source,
            published=self._is_published(request.voice_id),
            warnings=voice.warnings,
        )

    def _is_published(self, voice_id: str) -> bool:
        if voice_id == DEFAULT_VOICE_ID:
            return False
        manifest = self.errands.run(
            ("voice", voice_id), lambda: self._library.locate(voice_id).get(voice_id).manifest
        )
        return manifest is not None and self._engine.fingerprint in manifest.fingerprints
