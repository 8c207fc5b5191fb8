"""The path of one request, from its text to the events that answer it."""

import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from voices.library import VoiceLibrary
from worker.engine.base import Engine, IsCancelled
from worker.events import AudioEvent, EndEvent, Event, ProgressEvent, SpokenText, StartEvent, StoredResult
from worker.request import Arrival, SpeechRequest
from worker.settings import MEBIBYTE, Settings
from worker.speech.errands import Errands
from worker.speech.progress import Clock
from worker.speech.results.jobs import Results, request_digest
from worker.speech.results.overflow import Overflow
from worker.speech.speaking import SpokenRequest
from worker.speech.text_source import RequestText, TextSource
from worker.speech.voice_cache import VoiceCache

PROGRESS_SECONDS = 5.0
"""Interval between progress events."""


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
        self._results = Results(settings)
        self._may_be_unmarked = settings.allow_unwatermarked
        self._max_request_seconds = settings.max_request_seconds

    def close(self) -> None:
        """Finish the writes in progress; the engine stays open."""
        self.voices.close()

    def speak(
        self,
        request: SpeechRequest,
        arrival: Arrival,
        cancelled: IsCancelled,
        source: TextSource | None = None,
    ) -> Generator[Event]:
        """Yield the start event, the audio events as the speech is made, and the end event.

        A ``source`` replaces the request's text; skipped events name the parts that were not spoken. The
        samples are the same as for the whole text if the text chunks are the same. They differ if a part ends
        within a text chunk of the whole text, or arrives after the speech before it was complete: the
        watermark, ``speed`` and resampling begin again there; without further text a pause ends the audio.

        Raises any of ``worker.errors``. After an error or a close only the parts of a resumable job are left.
        """
        clock = Clock(arrival, cancelled, request.deadline_ms, self._max_request_seconds)
        text = RequestText(request, source, clock)
        text.await_words()
        voice = self.voices.get(request.voice_id)
        is_marked = request.is_marked_by(self.engine, may_be_unmarked=self._may_be_unmarked)
        digest = partial(request_digest, request, self.engine, voice.conditionals, is_marked=is_marked)
        with self._results.job(request, arrival, digest, self.engine.sample_rate) as job:
            spoken = SpokenRequest(self.engine, text, voice, parts=job.parts, is_marked=is_marked)
            ignored = request.options_ignored_by(self.engine, is_marked=is_marked)
            yield _start(spoken, self.engine.name, ignored)
            result = job.earlier
            if result is None:
                with self._results.overflow(request, arrival) as overflow:
                    # text -> text chunks -> streams of speech -> joined -> paced -> encoded -> events
                    if request.stream or arrival.in_pieces:
                        yield from _streamed(spoken, overflow)
                    else:
                        yield from _whole(spoken, overflow)
                    result = self._results.store(overflow, job, spoken.output, spoken.seconds)
                job.finish(result)  # before the end event, so that the next request of its name need not wait
            yield _end(spoken, result)


def _start(spoken: SpokenRequest, engine_name: str, ignored: list[str]) -> StartEvent:
    return StartEvent(
        request_id=spoken.clock.request_id,
        voice_id=spoken.voice.voice_id,
        engine=engine_name,
        format=spoken.output.name,
        mime=spoken.output.mime,
        sample_rate=spoken.output.sample_rate,
        channels=1,
        ignored=ignored,
    )


def _streamed(spoken: SpokenRequest, overflow: Overflow) -> Iterator[Event]:
    """Yield the audio as it is made; raises ``TextTooLong`` if it exceeds the limit of ``overflow``."""
    for event in spoken.audio():
        yield from spoken.text.skipped()
        if event is None:
            continue
        overflow.write(event.audio)
        yield from spoken.clock.passed_on(spoken.note_sent(event))
    yield from spoken.text.skipped()


def _whole(
    spoken: SpokenRequest, overflow: Overflow, clock: Callable[[], float] = time.monotonic
) -> Iterator[Event]:
    """Yield progress events, and then all audio in one event, unless it has overflowed into a file."""
    texts: list[SpokenText] = []
    told_at = clock()
    for event in filter(None, spoken.audio()):
        overflow.write(event.audio)
        texts += event.text
        if texts and clock() - told_at >= PROGRESS_SECONDS:
            told_at = clock()
            yield ProgressEvent(
                characters=texts[-1].end,
                total_characters=len(spoken.request.text),
                audio_seconds=round(spoken.seconds, 3),
            )
    if whole := overflow.held:
        yield spoken.note_sent(AudioEvent(0, 0.0, round(spoken.seconds, 6), whole, texts))


def _end(spoken: SpokenRequest, result: StoredResult | None) -> EndEvent:
    seconds = spoken.seconds if result is None else result.audio_seconds
    return EndEvent(
        chunks=spoken.sent,
        audio_seconds=round(seconds, 6),
        sha256=spoken.sent_bytes.hexdigest(),
        metrics=spoken.clock.metrics(spoken.seconds, spoken.voice.source, spoken.playback),
        result=result,
    )
