"""The path of one request, from what was asked to the events that answer it."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from voices.library import VoiceLibrary
from worker.engine.base import Engine, IsCancelled
from worker.errors import TextTooLong
from worker.events import AudioEvent, EndEvent, Event, ProgressEvent, SpokenText, StartEvent, StoredResult
from worker.request import Arrival, SpeechRequest
from worker.settings import MEBIBYTE, Settings
from worker.speech.errands import Errands
from worker.speech.progress import Progress, TimeLimit
from worker.speech.results.jobs import Job, Results, request_digest
from worker.speech.results.overflow import NoPlace, Overflow
from worker.speech.speaking import EncodedAudio, Speaking
from worker.speech.voice_cache import LoadedVoice, VoiceCache

PROGRESS_SECONDS = 5.0
"""From one progress event to the next."""


class Answer:
    """Makes events of a request's speech, and counts what they carry.

    Streamed audio goes into events as it comes; the whole is put into one at the end, unless it has
    overflowed into a file: then progress events tell how far it is.
    """

    def __init__(
        self,
        request: SpeechRequest,
        voice: LoadedVoice,
        speaking: Speaking,
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._request = request
        self._voice = voice
        self._speaking = speaking
        self._progress = progress
        self._clock = clock
        self._told_at = clock()
        self._sent_bytes = hashlib.sha256()
        self._sent = 0
        self._bytes = 0
        self._sent_seconds = 0.0
        self.seconds = 0.0
        """Of audio so far, sent or not."""

    def start(self, engine_name: str, ignored: list[str]) -> StartEvent:
        """Return the first event."""
        output = self._speaking.output
        return StartEvent(
            request_id=self._progress.request_id,
            voice_id=self._voice.voice_id,
            engine=engine_name,
            format=output.name,
            mime=output.mime,
            sample_rate=output.sample_rate,
            channels=1,
            ignored=ignored,
        )

    def pieces(self, limit: int) -> Iterator[Event]:
        """Yield all audio as it comes, streamed or not, and keep none of it; raises ``TextTooLong``."""
        for share in self._shares():
            self._bytes += len(share.encoded)
            if self._bytes > limit:
                raise TextTooLong(
                    f"{self._more_than(limit)} answer may have here: send the text in parts, or ask for "
                    "mp3 or opus."
                )
            yield from self._progress.passed_on(self._event(share))

    def audio(self, overflow: Overflow, limit: int) -> Iterator[Event]:
        """Yield what comes between the first event and the last; raises ``TextTooLong``."""
        texts: list[SpokenText] = []
        for share in self._shares():
            try:
                overflow.write(share.encoded)
            except NoPlace:
                raise self._too_long(limit) from None
            if self._request.stream:
                yield from self._progress.passed_on(self._event(share))
            else:
                texts += share.text
                yield from self._told(texts)
        if not self._request.stream and (whole := overflow.held):
            yield self._event(EncodedAudio(self.seconds, whole, texts))

    def end(self, result: StoredResult | None) -> EndEvent:
        """Return the last event."""
        seconds = self.seconds if result is None else result.audio_seconds
        return EndEvent(
            chunks=self._sent,
            audio_seconds=round(seconds, 6),
            sha256=self._sent_bytes.hexdigest(),
            metrics=self._progress.metrics(self.seconds, self._voice.source, self._speaking.playback),
            result=result,
        )

    def _shares(self) -> Iterator[EncodedAudio]:
        """Yield the audio as it comes."""
        for share in self._speaking.encoded():
            self._progress.note_audio()
            self._speaking.playback.note(share.seconds)
            self.seconds += share.seconds
            yield share

    def _event(self, share: EncodedAudio) -> AudioEvent:
        event = AudioEvent(
            index=self._sent,
            offset_s=round(self._sent_seconds, 6),
            seconds=round(share.seconds, 6),
            audio=share.encoded,
            text=share.text,
        )
        self._sent += 1
        self._sent_seconds += share.seconds
        self._sent_bytes.update(share.encoded)
        return event

    def _told(self, texts: list[SpokenText]) -> Iterator[ProgressEvent]:
        if texts and self._clock() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = self._clock()
            yield ProgressEvent(
                characters=texts[-1].end,
                total_characters=len(self._request.text),
                audio_seconds=round(self.seconds, 3),
            )

    def _too_long(self, limit: int) -> TextTooLong:
        return TextTooLong(
            f"{self._more_than(limit)} result may have, and this worker has no place for larger ones: attach "
            "a network volume, set RESULTS_DIR or the BUCKET_ variables, send the text in parts, or ask for "
            "mp3 or opus."
        )

    def _more_than(self, limit: int) -> str:
        return (
            f"text: its speech as {self._request.format} is more than the {limit / MEBIBYTE:.1f} MB that one"
        )


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
