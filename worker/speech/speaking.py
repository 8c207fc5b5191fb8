"""One request's speech: from its text to the encoded audio of each event."""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import Protocol, TypeVar

from voices.clips.clip import Samples
from worker.audio.joining import SpeechJoiner
from worker.audio.pacing import EventPacer
from worker.audio.resample import Resampler
from worker.audio.speed import TimeStretch
from worker.audio.stages import Stage, StageChain
from worker.engine.base import Delivery, Engine, Playback, SpeechBlock, SpeechStream
from worker.events import AudioEvent, SpokenText
from worker.speech.results.parts import KeptParts, StoredSpeech
from worker.speech.text_source import RequestText
from worker.speech.voice_cache import LoadedVoice
from worker.text.chunks import FIRST_CHUNK_CHARACTERS, MAX_CHUNK_CHARACTERS, TextChunk, split_text
from worker.text.pauses import PAUSE_SECONDS

_PATIENCE_S = 0.05
"""Time to wait for more text before the samples that the stages hold back are released."""
_AHEAD = 2
"""Text chunks in progress besides the current one: no gap between sentences, and room for other requests."""


class Closable(Protocol):
    """Work that can be abandoned, such as a ``SpeechStream``."""

    def close(self) -> None:
        """Stop the remaining work, if any."""
        ...


T = TypeVar("T")
S = TypeVar("S", bound=Closable)


def ahead(begin: Callable[[int, T], S], text_chunks: Iterable[T | None]) -> Generator[tuple[T, S] | None]:
    """Yield each text chunk with its stream, in order; up to ``_AHEAD`` later streams have already begun.

    The consumer asks for the next stream once it has read the current one. A None in ``text_chunks`` means
    that no text has come yet; it is passed on if no stream is in progress. Closing this generator closes all
    streams in progress.
    """
    orders = count()
    under_way: deque[tuple[T, S]] = deque()
    try:
        for text_chunk in text_chunks:
            if text_chunk is not None:
                under_way.append((text_chunk, begin(next(orders), text_chunk)))
                if len(under_way) <= _AHEAD:
                    continue
            if not under_way:
                yield None
                continue
            yield under_way[0]
            under_way.popleft()
        while under_way:
            yield under_way[0]
            under_way.popleft()
    finally:
        for _, stream in under_way:
            stream.close()


class SpokenRequest:
    """The state of one request while it is spoken.

    Its speech passes through ``_joined``, ``_paced`` and ``audio``, in this order. When no further text has
    come yet, each stage releases the samples that it held back and then passes None on.
    All positions are in seconds of the audio.
    """

    def __init__(
        self,
        engine: Engine,
        text: RequestText,
        voice: LoadedVoice,
        *,
        parts: KeptParts | None,
        is_marked: bool,
    ) -> None:
        request = text.request
        self.request = request
        self.text = text
        self.voice = voice
        self.clock = text.clock
        self.output = request.output(engine.sample_rate)
        self.playback = Playback()
        self.seconds = 0.0
        """Audio made so far, sent or not."""
        self.sent = 0
        """Audio events sent."""
        self.sent_bytes = hashlib.sha256()
        self._engine = engine
        self._parts = parts
        self._is_marked = is_marked
        self._language = request.language or voice.language
        self._begun_text: deque[SpokenText] = deque()
        """Text chunks whose beginning is noted but not yet part of an audio event."""
        self._is_awaited = True
        """Whether the listener hears nothing until the next text chunk is spoken."""

    def audio(self) -> Iterator[AudioEvent | None]:
        """Yield the encoded audio as it is made, and None before each wait for text."""
        encoder = self.output.encoder()
        held_seconds = 0.0
        for samples in self._paced():
            if samples is None:
                yield None
                continue
            held_seconds += len(samples) / self.output.sample_rate
            if encoded := encoder.encode(samples):
                yield self._event(encoded, held_seconds)
                held_seconds = 0.0
        if encoded := encoder.flush():
            yield self._event(encoded, held_seconds)

    def note_sent(self, event: AudioEvent) -> AudioEvent:
        """Return ``event`` after adding it to the count and the checksum of the end event."""
        self.sent += 1
        self.sent_bytes.update(event.audio)
        return event

    def _event(self, encoded: bytes, seconds: float) -> AudioEvent:
        offset, self.seconds = self.seconds, self.seconds + seconds
        self.clock.note_audio()
        self.playback.note(seconds)
        return AudioEvent(
            index=self.sent,
            offset_s=round(offset, 6),
            seconds=round(seconds, 6),
            audio=encoded,
            text=self._text_before(self.seconds),
        )

    def _paced(self) -> Iterator[Samples | None]:
        """Yield the samples of each audio event, at the request's speed and sample rate."""
        pacer = EventPacer(self.output.sample_rate, self.output.event_samples)
        stages = StageChain(self._stages())
        for samples in self._joined():
            if samples is not None:
                yield from pacer.gather(stages.process(samples))
                continue
            yield from pacer.gather(stages.flush())
            yield from pacer.settle()
            yield None
            stages = StageChain(self._stages())
        yield from pacer.gather(stages.flush())
        yield from pacer.rest()

    def _stages(self) -> list[Stage]:
        stages: list[Stage] = []
        if self._is_marked and (watermark := self._engine.watermark()) is not None:
            stages.append(watermark)
        if self.request.speed != 1.0:
            stages.append(TimeStretch(self.request.speed, self._engine.sample_rate))
        if self.output.sample_rate != self._engine.sample_rate:
            stages.append(Resampler(self._engine.sample_rate, self.output.sample_rate))
        return stages

    def _joined(self) -> Iterator[Samples | None]:
        """Yield the speech of all text chunks, with pauses between them; note each one's beginning."""
        joiner = SpeechJoiner(self._engine.sample_rate)
        with closing(ahead(self._begin, self._text_chunks())) as streams:
            for next_up in streams:
                if next_up is None:
                    yield from self._awaited(joiner)
                    continue
                text_chunk, stream = next_up
                yield from self._spoken(text_chunk, self.clock.timed(stream), joiner)
                self.playback.order += 1
        yield joiner.finish()
        if self._parts is not None:
            self.clock.note_resumed(self._parts.resumed)

    def _spoken(
        self, text_chunk: TextChunk, blocks: Iterator[SpeechBlock], joiner: SpeechJoiner
    ) -> Iterator[Samples]:
        """Yield one text chunk's speech, and store it if the job is resumable; raises ``Clock``'s errors."""
        joiner.begin()
        is_noted = False
        kept: list[SpeechBlock] = []
        for made in blocks:
            block = made if self._parts is None else self._parts.rounded(made)
            self.clock.note_block(block)
            samples = joiner.process(block.samples)
            if samples.size and not is_noted:
                self._note(text_chunk, joiner)
                is_noted = True
            yield samples
            if self._parts is not None:
                kept.append(block)
        rest = joiner.end(PAUSE_SECONDS[text_chunk.pause])
        if not is_noted:
            self._note(text_chunk, joiner)
        yield rest
        self.clock.check()
        if self._parts is not None:
            self._parts.keep(self.playback.order, text_chunk, kept)

    def _awaited(self, joiner: SpeechJoiner) -> Iterator[Samples | None]:
        """Wait for text, however late the client sends it; raises ``Clock``'s errors."""
        if self.text.comes_within(_PATIENCE_S):
            return
        yield joiner.settle()
        yield None
        self.text.wait()
        self._is_awaited = self.playback.excuse()

    def _note(self, text_chunk: TextChunk, joiner: SpeechJoiner) -> None:
        """Note a text chunk's position; a silent one has the position at which it would begin."""
        position = joiner.position if joiner.begun_at is None else joiner.begun_at
        seconds = position / self._engine.sample_rate / self.request.speed
        self._begun_text.append(SpokenText(round(seconds, 6), text_chunk.start, text_chunk.end))

    def _text_before(self, seconds: float) -> list[SpokenText]:
        """Remove and return the text chunks that begin in the audio before ``seconds``."""
        begun = []
        while self._begun_text and self._begun_text[0].offset_s < seconds:
            begun.append(self._begun_text.popleft())
        return begun

    def _begin(self, order: int, text_chunk: TextChunk) -> SpeechStream:
        """Begin a text chunk, while earlier ones still play; a chunk on the disk is not spoken again."""
        is_awaited, self._is_awaited = self._is_awaited, False
        if self._parts is not None and (stored := self._parts.stored(order, text_chunk)) is not None:
            return StoredSpeech(stored)
        delivery = Delivery(
            self.clock.must_stop, self.playback, order, is_awaited, whole=not self.request.stream
        )
        options = self.request.options
        if self._parts is not None:
            options = replace(options, seed=self._parts.seed)
        options = replace(options.for_text_chunk(order), language=self._language)
        return self._engine.stream(text_chunk.text, self.voice.conditionals, options, delivery)

    def _text_chunks(self) -> Iterator[TextChunk | None]:
        """Yield the text chunks of all parts, and None while no text has come yet."""
        for part in self.text.parts():
            if part is None:
                yield None
                continue
            first_limit = FIRST_CHUNK_CHARACTERS if self._is_awaited else MAX_CHUNK_CHARACTERS
            chunks = split_text(
                part.text,
                language=self._language,
                normalize=self.request.normalize,
                first_limit=first_limit,
            )
            yield from chunks if self.text.is_whole else part.placed(chunks)
