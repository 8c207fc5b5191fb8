"""The path of one request, from what was asked to the events that answer it."""

from collections.abc import Generator
from functools import partial

from voices.library import VoiceLibrary
from worker.answer import Answer
from worker.engine.base import Engine, IsCancelled
from worker.events import Event
from worker.progress import Arrival, Progress
from worker.request import SpeechRequest
from worker.results.results import Results, request_digest
from worker.settings import MEBIBYTE, Settings
from worker.speaking import Speaking
from worker.time_limit import TimeLimit
from worker.voice_cache import VoiceCache


class Synthesizer:
    """Speaks requests with one engine, each on its own thread."""

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self.engine = engine
        self.voices = VoiceCache(
            library, engine, settings.voice_cache_mb * MEBIBYTE, write_back=settings.write_back
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
        limit = TimeLimit.of(request.deadline_ms, self._max_request_seconds)
        progress = Progress(arrival, limit, cancelled)
        voice = self.voices.get(request.voice_id)
        is_marked = request.is_marked_by(self.engine, may_be_unmarked=self._may_be_unmarked)
        digest = partial(request_digest, request, self.engine, voice.conditionals, is_marked=is_marked)
        job = self._results.job(request, arrival.request_id, digest, self.engine.sample_rate)
        speaking = Speaking(self.engine, request, voice, progress, job.parts, is_marked=is_marked)
        answer = Answer(request, voice, speaking, progress)
        yield answer.start(self.engine.name, request.options_ignored_by(self.engine, is_marked=is_marked))
        result = None if arrival.in_pieces else job.earlier
        if arrival.in_pieces:
            yield from answer.pieces(self._max_result_bytes)
            job.finish(None)
        elif result is None:
            overflow = self._results.overflow(self._max_result_bytes)
            try:
                yield from answer.audio(overflow, self._max_result_bytes)
                result = self._results.store(overflow, job, speaking.output, answer.seconds)
            finally:
                overflow.discard()
            job.finish(result)
        yield answer.end(result)
