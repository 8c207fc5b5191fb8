"""The path of one request, from what was asked to the events that answer it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from voices.clip import Samples
from voices.library import VoiceLibrary
from worker.audio.joining import SpeechJoiner
from worker.audio.pacing import EventPacer
from worker.audio.resample import Resampler
from worker.audio.speed import TimeStretch
from worker.audio.stages import Stage, StageChain
from worker.engine.base import Delivery, Engine, IsCancelled, SpeechStream
from worker.errors import TextTooLong
from worker.events import AudioEvent, EndEvent, Event, StartEvent
from worker.playback import Playback
from worker.progress import Arrival, Progress
from worker.request import SpeechRequest
from worker.settings import MEBIBYTE, Settings
from worker.streams_ahead import StreamsAhead
from worker.text.chunks import TextChunk, split_text
from worker.text.pauses import PAUSE_SECONDS
from worker.timeline import Timeline
from worker.voice_cache import LoadedVoice, VoiceCache


class Synthesizer:
    """Speaks requests with one engine, each on its own thread."""

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self.engine = engine
        self.voices = VoiceCache(
            library, engine, settings.voice_cache_mb * MEBIBYTE, write_back=settings.write_back
        )
        self._max_result_bytes = settings.max_result_bytes

    def close(self) -> None:
        """Finish what is still being written; the engine stays open."""
        self.voices.close()

    def speak(self, request: SpeechRequest, arrival: Arrival, cancelled: IsCancelled) -> Iterator[Event]:
        """Yield the start event, the audio events as the speech is made, and the end event.

        Raises any of ``worker.errors``; once it has, or is closed, nothing of the request is left.
        """
        progress = Progress(arrival, request.deadline_ms, cancelled)
        voice = self.voices.get(request.voice_id)
        yield from _Speaking(self.engine, request, voice, progress, self._max_result_bytes).events()


@dataclass(frozen=True, eq=False)
class _Audio:
    """One audio event's share."""

    seconds: float
    """Of speech that went into it."""
    encoded: bytes


class _Speaking:
    """One request while it is spoken: each method passes on what the one below it makes."""

    def __init__(
        self,
        engine: Engine,
        request: SpeechRequest,
        voice: LoadedVoice,
        progress: Progress,
        max_result_bytes: int,
    ) -> None:
        self._engine = engine
        self._request = request
        self._voice = voice
        self._progress = progress
        self._max_result_bytes = max_result_bytes
        self._output = request.output(engine.sample_rate)
        self._playback = Playback()
        self._timeline = Timeline(request.speed)

    def events(self) -> Iterator[Event]:
        """Yield all events of the request."""
        yield self._start()
        digest, chunks, audio_seconds, total_bytes = hashlib.sha256(), 0, 0.0, 0
        for audio in self._encoded():
            self._progress.note_audio()
            self._playback.note(audio.seconds)
            total_bytes += len(audio.encoded)
            if total_bytes > self._max_result_bytes:
                raise self._too_long()
            digest.update(audio.encoded)
            following = audio_seconds + audio.seconds
            yield AudioEvent(
                index=chunks,
                offset_s=round(audio_seconds, 6),
                seconds=round(audio.seconds, 6),
                audio=audio.encoded,
                text=self._timeline.until(following),
            )
            chunks, audio_seconds = chunks + 1, following
        yield EndEvent(
            chunks=chunks,
            audio_seconds=round(audio_seconds, 6),
            sha256=digest.hexdigest(),
            metrics=self._progress.metrics(audio_seconds, self._voice.source, self._playback),
        )

    def _start(self) -> StartEvent:
        return StartEvent(
            request_id=self._progress.request_id,
            voice_id=self._voice.voice_id,
            engine=self._engine.name,
            format=self._output.name,
            mime=self._output.mime,
            sample_rate=self._output.sample_rate,
            channels=1,
            ignored=self._request.options_ignored_by(self._engine),
        )

    def _encoded(self) -> Iterator[_Audio]:
        """Yield each audio event's share; one for all unless streamed."""
        encoder = self._output.encoder()
        held_seconds, held = 0.0, b""
        for samples in self._paced():
            held_seconds += len(samples) / self._output.sample_rate
            held += encoder.encode(samples)
            if self._request.stream and held:
                yield _Audio(held_seconds, held)
                held_seconds, held = 0.0, b""
        held += encoder.flush()
        if held:
            yield _Audio(held_seconds, held)

    def _paced(self) -> Iterator[Samples]:
        """Yield each event's share of the samples, at the request's speed and sample rate."""
        pacer = EventPacer(self._output.sample_rate, self._output.event_samples)
        stages = StageChain(self._stages(self._request, self._output.sample_rate))
        for samples in self._joined():
            yield from pacer.gather(stages.process(samples))
        yield from pacer.gather(stages.flush())
        yield from pacer.rest()

    def _stages(self, request: SpeechRequest, sample_rate: int) -> list[Stage]:
        stages: list[Stage] = []
        if (watermark := self._engine.watermark()) is not None:
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
                self._playback.order += 1
            yield joiner.finish()
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
        """Have the engine begin a text chunk, while earlier ones are still being heard."""
        options = self._request.options.for_text_chunk(order)
        delivery = Delivery(self._progress.must_stop, self._playback, order, whole=not self._request.stream)
        return self._engine.stream(
            text_chunk.text, self._voice.conditionals, replace(options, language=self._language), delivery
        )

    def _text_chunks(self) -> Iterator[TextChunk]:
        return split_text(self._request.text, language=self._language, normalize=self._request.normalize)

    @property
    def _language(self) -> str | None:
        return self._request.language or self._voice.language

    def _too_long(self) -> TextTooLong:
        return TextTooLong(
            f"text: its speech as {self._request.format} is more than the "
            f"{self._max_result_bytes / MEBIBYTE:.1f} MB that one result may have: "
            "send it in parts, or ask for mp3 or opus."
        )
