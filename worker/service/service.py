"""The service behind every interface: a job's input in, events out."""

import logging
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, closing, suppress
from functools import partial

from typing_extensions import override

from voices.errors import ChatterpodError, StoreFailure
from voices.library import VoiceLibrary
from voices.voice import DEFAULT_VOICE_ID
from worker.engine.base import Engine, IsCancelled
from worker.engine.choice import open_engine
from worker.engine.machine import device_memory
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
from worker.service.request_threads import RequestThreads, requests_at_once
from worker.service.unable import Service, Unable
from worker.service.watchdog import Watchdog
from worker.settings import Settings, doubts
from worker.speech.errands import Errands
from worker.speech.synthesizer import Synthesizer
from worker.speech.text_source import TextSource

log = logging.getLogger(__name__)

_COUNT_S = 1.0
_WAITING_FOR_EACH = 4
"""Default number of waiting requests for each one that is spoken; RunPod's own queue holds the rest."""


class SpeechService(Service):
    """Answers requests with one engine and one registry.

    An engine that is stuck or has failed for good fails the requests in progress and all later ones. A caller
    that can replace the worker sets ``on_failure``.
    """

    is_started = True

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
        self.on_failure = lambda: None
        self._unable: Unable | None = None
        """Replaces this service once the engine has failed for good."""
        self._pace = Pace()
        self._is_ending = False
        self._last_requests: LastRequests | None = None
        self._last_call: threading.Timer | None = None
        self._watchdog = Watchdog(engine.pulse, settings.engine_timeout_s, self._fail)

    @classmethod
    def start(cls, settings: Settings) -> "SpeechService":
        """Load the engine that the settings name; raises ``EngineFailure`` if it cannot be loaded."""
        engine = open_engine(settings)
        library = VoiceLibrary.at(*settings.voices_dir)
        with suppress(StoreFailure):  # every request will report it
            errands = Errands(settings.store_timeout_s)
            for doubt in errands.run("aliases", lambda: list(doubts(settings.voice_aliases, library))):
                log.warning("VOICE_ALIASES: %s", doubt)
        log.info("ready: engine %s, voices in %s", engine.name, library)
        return cls(engine, library, settings)

    @property
    @override
    def active_requests(self) -> int:
        return self._threads.active

    @property
    @override
    def engine_name(self) -> str:
        return self._engine.name

    @property
    @override
    def fingerprint(self) -> str:
        return self._engine.fingerprint

    @property
    @override
    def failure(self) -> ChatterpodError | None:
        return None if self._unable is None else self._unable.failure

    @property
    @override
    def store_failure(self) -> StoreFailure | None:
        return self.errands.silence() if self.errands.is_blocked else None

    @override
    def check_open(self) -> None:
        if self._unable is not None:
            self._unable.check_open()
        if self._is_ending and self._last_requests is None:
            raise ShuttingDown

    @override
    async def respond(
        self, job_input: object, arrival: Arrival, source: TextSource | None = None
    ) -> AsyncGenerator[Event]:
        if self._unable is None:  # otherwise an invalid request is reported first
            self.check_open()
        try:
            request = self._accept(job_input)
            start = partial(self._answer, request, arrival, source)
            is_idle = None if source is None else lambda: source.is_waiting
            async with aclosing(self._threads.stream(start, is_idle)) as events:
                async for event in events:
                    yield event
        except ChatterpodError:
            raise
        except Exception as error:
            log.exception("request %s failed", arrival.request_id)
            raise EngineFailure(
                f"The engine failed on this request; the worker's log says why, under {arrival.request_id}."
            ) from error

    @override
    def end_within(self, seconds: float, *, takes_what_fits: bool = False) -> None:
        self._last_requests = LastRequests(seconds, self._pace) if takes_what_fits else None
        self._is_ending = True
        error = ShuttingDown(
            f"This worker is being stopped, and the speech was not complete within {seconds:.0f} s."
        )
        self._last_call = threading.Timer(seconds, self._threads.fail, [error])
        self._last_call.daemon = True
        self._last_call.start()

    @override
    def vitals(self) -> Vitals:
        return Vitals(
            active_requests=self._threads.active,
            cached_voices=len(self._synthesizer.voices),
            voice_cache_bytes=self._synthesizer.voices.kept_bytes,
            engine_load=self._engine.occupancy(),
            device_memory=device_memory(),
        )

    @override
    def health(self) -> HealthEvent:
        count: int | None = None
        with suppress(StoreFailure):
            count = self.errands.run("count", lambda: len(self._library.ids()), _COUNT_S)
        return HealthEvent(
            engine=self._engine.name,
            sample_rate=self._engine.sample_rate,
            voices=count,
            **vars(self.vitals()),
        )

    @override
    def voices(self, request: ListVoicesRequest) -> VoicesEvent:
        return list_voices(self._library, request, self._engine.fingerprint)

    @override
    def close(self) -> None:
        self._watchdog.close()
        if self._last_call is not None:
            self._last_call.cancel()
        if self._unable is not None:  # a failed engine may block for ever
            return
        self._threads.close()
        self._synthesizer.close()
        self._engine.close()

    def _fail(self, failure: EngineFailure) -> None:
        self._unable = Unable(failure)
        self.on_failure()  # first: it must be in effect when the requests' errors are posted
        self._threads.fail(failure)

    def _accept(self, job_input: object) -> Request:
        request = parse_request(
            job_input,
            max_text_characters=self._settings.max_text_characters,
            voice_aliases=self._settings.voice_aliases,
        )
        if self._unable is not None:
            self._unable.check_open()
        if self._last_requests is not None and not self._last_requests.have_room_for(request):
            raise ShuttingDown
        return request

    def _answer(
        self, request: Request, arrival: Arrival, source: TextSource | None, cancelled: IsCancelled
    ) -> Iterator[Event]:
        match request:
            case HealthRequest():
                yield self.health()
            case ListVoicesRequest():
                yield self.errands.run("list", lambda: self.voices(request))
            case PrepareVoiceRequest():
                yield self._prepare(request)
            case SpeechRequest():
                yield from self._speak(request, arrival, source, cancelled)

    def _speak(
        self, request: SpeechRequest, arrival: Arrival, source: TextSource | None, cancelled: IsCancelled
    ) -> Iterator[Event]:
        began = time.monotonic()
        with closing(self._synthesizer.speak(request, arrival, cancelled, source)) as events:
            for event in events:
                if isinstance(event, EndEvent) and source is None:
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
