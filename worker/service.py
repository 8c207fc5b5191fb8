"""The service behind every interface: a job's input in, events out."""

import logging
from collections.abc import AsyncIterator, Iterator

from voices.errors import ChatterpodError, VoiceCorrupt
from voices.library import VoiceLibrary
from voices.voice import DEFAULT_VOICE_ID
from worker.engine.base import Engine, IsCancelled
from worker.engine.choice import open_engine
from worker.engine.device_memory import device_memory
from worker.errors import EngineFailure
from worker.events import Event, HealthEvent, VoicePreparedEvent, VoicesEvent
from worker.progress import Arrival
from worker.request import HealthRequest, ListVoicesRequest, PrepareVoiceRequest, Request, parse_request
from worker.request_threads import RequestThreads
from worker.settings import Settings
from worker.synthesizer import Synthesizer
from worker.vitals import Vitals

log = logging.getLogger(__name__)

_WAITING_PER_JOB = 4
"""Requests that may wait for each one that is taken; RunPod's own queue holds the rest."""


class SpeechService:
    """Answers requests with one engine and one registry."""

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self._settings = settings
        self._engine = engine
        self._synthesizer = Synthesizer(engine, library, settings)
        self._library = library
        self._threads = RequestThreads(settings.max_concurrency * (1 + _WAITING_PER_JOB))

    @classmethod
    def start(cls, settings: Settings) -> "SpeechService":
        """Load the engine that the settings ask for; raises ``EngineFailure`` when it cannot be."""
        engine = open_engine(settings)
        library = VoiceLibrary.at(*settings.voices_dir)
        log.info("ready: engine %s, voices in %s", engine.name, library)
        return cls(engine, library, settings)

    async def respond(self, job_input: object, arrival: Arrival) -> AsyncIterator[Event]:
        """Yield the events that answer a job's input; raises nothing but ``ChatterpodError``."""
        request = parse_request(job_input, max_text_characters=self._settings.max_text_characters)
        try:
            async for event in self._threads.stream(
                lambda cancelled: self._answer(request, arrival, cancelled)
            ):
                yield event
        except ChatterpodError:
            raise
        except Exception as error:
            log.exception("request %s failed", arrival.request_id)
            raise EngineFailure(
                f"The engine failed on this request; the worker's log says why, under {arrival.request_id}."
            ) from error

    def vitals(self) -> Vitals:
        """Tell how it is right now; any thread may ask."""
        return Vitals(
            active_requests=self._threads.active,
            cached_voices=len(self._synthesizer.voices),
            voice_cache_bytes=self._synthesizer.voices.kept_bytes,
            engine_load=self._engine.load(),
            device_memory=device_memory(),
        )

    def close(self) -> None:
        """Stop the requests' threads and give back what the engine holds."""
        self._threads.close()
        self._synthesizer.close()
        self._engine.close()

    def _answer(self, request: Request, arrival: Arrival, cancelled: IsCancelled) -> Iterator[Event]:
        match request:
            case HealthRequest():
                yield self._health()
            case ListVoicesRequest():
                yield VoicesEvent([self._describe(voice_id) for voice_id in self._library.ids()])
            case PrepareVoiceRequest():
                yield self._prepare(request)
            case _:
                yield from self._synthesizer.speak(request, arrival, cancelled)

    def _health(self) -> HealthEvent:
        return HealthEvent(
            engine=self._engine.name,
            sample_rate=self._engine.sample_rate,
            voices=len(self._library.ids()),
            **vars(self.vitals()),
        )

    def _prepare(self, request: PrepareVoiceRequest) -> VoicePreparedEvent:
        voice = self._synthesizer.voices.get(request.voice_id)
        self._synthesizer.voices.settle()
        return VoicePreparedEvent(
            voice_id=voice.voice_id,
            engine=self._engine.name,
            fingerprint=voice.conditionals.fingerprint,
            voice_cache=voice.source,
            published=self._is_published(request.voice_id),
        )

    def _is_published(self, voice_id: str) -> bool:
        if voice_id == DEFAULT_VOICE_ID:
            return False
        manifest = self._library.locate(voice_id).get(voice_id).manifest
        return manifest is not None and self._engine.fingerprint in manifest.fingerprints

    def _describe(self, voice_id: str) -> dict[str, object]:
        """Describe a voice; a damaged one is listed too, and says that it is."""
        try:
            manifest = self._library.locate(voice_id).get(voice_id).manifest
        except VoiceCorrupt as error:
            return {"voice_id": voice_id, "error": error.as_dict()}
        if manifest is None:
            return {"voice_id": voice_id, "precomputed": False}
        return {
            "voice_id": voice_id,
            "name": manifest.name,
            "language": manifest.language,
            "labels": manifest.labels,
            "precomputed": self._engine.fingerprint in manifest.fingerprints,
        }
