"""One request's speech: from its text to the encoded audio of each event."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from voices.clips.clip import Samples
from worker.audio.joining import SpeechJoiner
from worker.audio.pacing import EventPacer
from worker.audio.resample import Resampler
from worker.audio.speed import TimeStretch
from worker.audio.stages import Stage, StageChain
from worker.engine.base import Delivery, Engine, Playback, SpeechStream
from worker.events import SpokenText
from worker.request import SpeechRequest
from worker.speech.progress import Progress
from worker.speech.results.parts import KeptParts, keep
from worker.speech.voice_cache import LoadedVoice
from worker.text.chunks import TextChunk, split_text
from worker.text.pauses import PAUSE_SECONDS

T = TypeVar("T")

_AHEAD = 2
"""Text chunks under way beside the current one: no gap between sentences, and room for other requests."""


class StreamsAhead(Generic[T]):
    """Yields each text chunk with its stream, in order; begins them a few at a time."""

    def __init__(self, begin: Callable[[int, T], SpeechStream], text_chunks: Iterable[T]) -> None:
        self._begin = begin
        self._text_chunks = enumerate(text_chunks)
        self._under_way: deque[tuple[T, SpeechStream]] = deque()
        self._current: SpeechStream | None = None

    def __iter__(self) -> Iterator[tuple[T, SpeechStream]]:
        """Yield the next once the one before has been read."""
        while True:
            while len(self._under_way) <= _AHEAD and (following := next(self._text_chunks, None)) is not None:
                order, text_chunk = following
                self._under_way.append((text_chunk, self._begin(order, text_chunk)))
            if not self._under_way:
                return
            text_chunk, self._current = self._under_way.popleft()
            yield text_chunk, self._current

    def close(self) -> None:
        """Give up all that are under way."""
        for stream in (self._current, *(stream for _, stream in self._under_way)):
            if stream is not None:
                stream.close()
        self._under_way.clear()


class Timeline:
    """Holds what was begun until the audio is there in which it begins; ``speed`` is the request's."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._waiting: deque[SpokenText] = deque()

    def note(self, seconds: float, start: int, end: int) -> None:
        """Take in that a text chunk begins after so many seconds of speech, at speed 1."""
        self._waiting.append(SpokenText(round(seconds / self._speed, 6), start, end))

    def until(self, offset_s: float) -> list[SpokenText]:
        """Return, and forget, what begins before that moment of the audio."""
        begun = []
        while self._waiting and self._waiting[0].offset_s < offset_s:
            begun.append(self._waiting.popleft())
        return begun

    def rest(self) -> list[SpokenText]:
        """Return, and forget, all that is left."""
        return self.until(float("inf"))


@dataclass(frozen=True, eq=False)
class EncodedAudio:
    """One audio event's share."""

    seconds: float
    """Of speech that went into it."""
    encoded: bytes
    text: list[SpokenText]
    """The text chunks that begin in it."""


class Speaking:
    """One request while it is spoken; each method passes on what the one below it makes."""

    def __init__(
        self,
        engine: Engine,
        request: SpeechRequest,
        voice: LoadedVoice,
        progress: Progress,
        parts: KeptParts | None,
        *,
        is_marked: bool,
    ) -> None:
        self.output = request.output(engine.sample_rate)
        self.playback = Playback()
        self._engine = engine
        self._request = request
        self._voice = voice
        self._progress = progress
        self._parts = parts
        self._is_marked = is_marked
        self._timeline = Timeline(request.speed)

    def encoded(self) -> Iterator[EncodedAudio]:
        """Yield each audio event's share."""
        encoder = self.output.encoder()
        offset = held_seconds = 0.0
        for samples in self._paced():
            held_seconds += len(samples) / self.output.sample_rate
            if encoded := encoder.encode(samples):
                offset += held_seconds
                yield EncodedAudio(held_seconds, encoded, self._timeline.until(offset))
                held_seconds = 0.0
        if encoded := encoder.flush():
            yield EncodedAudio(held_seconds, encoded, self._timeline.until(offset + held_seconds))

    def _paced(self) -> Iterator[Samples]:
        """Yield each event's share of the samples, at the request's speed and sample rate."""
        pacer = EventPacer(self.output.sample_rate, self.output.event_samples)
        stages = StageChain(self._stages(self._request, self.output.sample_rate))
        for samples in self._joined():
            yield from pacer.gather(stages.process(samples))
        yield from pacer.gather(stages.flush())
        yield from pacer.rest()

    def _stages(self, request: SpeechRequest, sample_rate: int) -> list[Stage]:
        stages: list[Stage] = []
        if self._is_marked and (watermark := self._engine.watermark()) is not None:
            stages.append(watermark)
        if request.speed != 1.0:
            stages.append(TimeStretch(request.speed, self._engine.sample_rate))
        if sample_rate != self._engine.sample_rate:
            stages.append(Resampler(self._engine.sample_rate, sample_rate))
        return stages

    def _joined(self) -> Iterator[Samples]:
        """Yield the speech of all text chunks, with pauses between them; note where each begins."""
        joiner = SpeechJoiner(self._engine.sample_rate)
        streams = StreamsAhead(self._begin, self._text_chunks())
        try:
            for text_chunk, stream in streams:
                yield from self._spoken(text_chunk, stream, joiner)
                self._progress.check()
                keep(stream)
                self.playback.order += 1
            yield joiner.finish()
            if self._parts is not None:
                self._progress.note_resumed(self._parts.resumed)
        finally:
            streams.close()

    def _spoken(self, text_chunk: TextChunk, stream: SpeechStream, joiner: SpeechJoiner) -> Iterator[Samples]:
        """Yield one text chunk's speech."""
        joiner.begin()
        is_noted = False
        for block in self._progress.timed(stream):
            self._progress.note_block(block)
            samples = joiner.process(block.samples)
            if samples.size and not is_noted:
                self._note(text_chunk, joiner)
                is_noted = True
            yield samples
        rest = joiner.end(PAUSE_SECONDS[text_chunk.pause])
        if not is_noted:
            self._note(text_chunk, joiner)
        yield rest

    def _note(self, text_chunk: TextChunk, joiner: SpeechJoiner) -> None:
        """Note where a text chunk begins; one without a sound, where it would have."""
        position = joiner.position if joiner.begun_at is None else joiner.begun_at
        self._timeline.note(position / self._engine.sample_rate, text_chunk.start, text_chunk.end)

    def _begin(self, order: int, text_chunk: TextChunk) -> SpeechStream:
        """Begin a text chunk, while earlier ones are still being heard; what is on the disk is not spoken."""

        def speak() -> SpeechStream:
            delivery = Delivery(
                self._progress.must_stop, self.playback, order, whole=not self._request.stream
            )
            options = self._request.options
            if self._parts is not None:
                options = replace(options, seed=self._parts.seed)
            options = replace(options.for_text_chunk(order), language=self._language)
            return self._engine.stream(text_chunk.text, self._voice.conditionals, options, delivery)

        return speak() if self._parts is None else self._parts.begin(order, text_chunk, speak)

    def _text_chunks(self) -> Iterator[TextChunk]:
        return split_text(self._request.text, language=self._language, normalize=self._request.normalize)

    @property
    def _language(self) -> str | None:
        return self._request.language or self._voice.language
