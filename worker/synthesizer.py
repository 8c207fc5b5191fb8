"""The path of one request, from what was asked to the events that answer it."""

from collections.abc import Generator
from functools import partial

from voices.library import VoiceLibrary
from worker.answer import Answer
from worker.engine.base import Engine, IsCancelled
from worker.errands import Errands
from worker.events import Event
from worker.progress import Arrival, Progress
from worker.request import SpeechRequest
from worker.results.place import StoredResult
from worker.results.results import Job, Results, request_digest
from worker.settings import MEBIBYTE, Settings
from worker.speaking import Speaking
from worker.time_limit import TimeLimit
from worker.voice_cache import VoiceCache


class Synthesizer:
    """Speaks requests with one engine, each on its own thread."""

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self.engine = engine
        self.errands = Errands(settings.store_timeout_s)
        self.voices = VoiceCache(
            library,
            engine,
            settings.voice_cache_mb * MEBIBYTE,
            write_back=settings.write_back,
            errands=self.errands,
        )
        self._results = Results.of(settings)
        self._max_result_bytes = settings.max_result_bytes
        self._may_be_unmarked = settings.allow_unwatermarked
        self._max_request_seconds = settings.max_request_seconds

    def close(self) -> None:
        """Finish what is still being written; the engine stays open."""
        self.voices.close()

    def speak(self, request: SpeechRequest, arrival: Arrival, cancelled: IsCancelled) -> Generator[Event]:
        """Yield the start event, the audio events as the speech is made, and the end event.

        Raises any of ``worker.errors``; once it has, or is closed, nothing of the request is left but the
        parts of a job that can be resumed.
        """
        request.check_words()
        limit = TimeLimit.of(request.deadline_ms, self._max_request_seconds)
        progress = Progress(arrival, limit, cancelled)
        voice = self.voices.get(request.voice_id)
        is_marked = request.is_marked_by(self.engine, may_be_unmarked=self._may_be_unmarked)
        digest = partial(request_digest, request, self.engine, voice.conditionals, is_marked=is_marked)
        with self._results.job(request, arrival, digest, self.engine.sample_rate) as job:
            speaking = Speaking(self.engine, request, voice, progress, job.parts, is_marked=is_marked)
            answer = Answer(request, voice, speaking, progress)
            yield answer.start(self.engine.name, request.options_ignored_by(self.engine, is_marked=is_marked))
            result = job.earlier
            if result is None:
                result = yield from self._spoken(answer, speaking, job, in_pieces=arrival.in_pieces)
                job.finish(result)  # before it is told, so that the next of its name need not wait
            yield answer.end(result)

    def _spoken(
        self, answer: Answer, speaking: Speaking, job: Job, *, in_pieces: bool
    ) -> Generator[Event, None, StoredResult | None]:
        """Yield the audio, and return where it is stored."""
        if in_pieces:
            yield from answer.pieces(self._max_result_bytes)
            return None
        overflow = self._results.overflow(self._max_result_bytes)
        try:
            yield from answer.audio(overflow, self._max_result_bytes)
            return self._results.store(overflow, job, speaking.output, answer.seconds)
        finally:
            overflow.discard()
