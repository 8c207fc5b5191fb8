"""The path of one request, from what was asked to the events that answer it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from voices.clip import Samples
from voices.library import VoiceLibrary
from worker.audio.formats import AudioOutput
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
from worker.text.chunks import split_text
from worker.voice_cache import LoadedVoice, VoiceCache


class Synthesizer:
    """Speaks requests with one engine, each on its own thread."""

    def __init__(self, engine: Engine, library: VoiceLibrary, settings: Settings) -> None:
        self.engine = engine
        self.voices = VoiceCache(
            library, engine, settings.voice_cache_mb * MEBIBYTE, write_back=settings.write_back
        )
        self._max_result_bytes = settings.max_result_bytes
        self._may_be_unmarked = settings.allow_unwatermarked

    def close(self) -> None:
        """Finish what is still being written; the engine stays open."""
        self.voices.close()

    def speak(self, request: SpeechRequest, arrival: Arrival, cancelled: IsCancelled) -> Iterator[Event]:
        """Yield the start event, the audio events as the speech is made, and the end event.

        Raises any of ``worker.errors``; once it has, or is closed, nothing of the request is left.
        """
        progress = Progress(arrival, request.deadline_ms, cancelled)
        playback = Playback()
        voice = self.voices.get(request.voice_id)
        output = request.output(self.engine.sample_rate)
        yield self._start(request, output, arrival, voice)
        digest, chunks, audio_seconds, total_bytes = hashlib.sha256(), 0, 0.0, 0
        for seconds, encoded in self._encoded(request, output, voice, progress, playback):
            progress.note_audio()
            playback.note(seconds)
            total_bytes += len(encoded)
            if total_bytes > self._max_result_bytes:
                raise TextTooLong(
                    f"text: its speech as {request.format} is more than the "
                    f"{self._max_result_bytes / MEBIBYTE:.1f} MB that one result may have: "
                    "send it in parts, or ask for mp3 or opus."
                )
            digest.update(encoded)
            yield AudioEvent(
                index=chunks, offset_s=round(audio_seconds, 6), seconds=round(seconds, 6), audio=encoded
            )
            chunks, audio_seconds = chunks + 1, audio_seconds + seconds
        yield EndEvent(
            chunks=chunks,
            audio_seconds=round(audio_seconds, 6),
            sha256=digest.hexdigest(),
            metrics=progress.metrics(audio_seconds, voice.source, playback),
        )

    def _start(
        self, request: SpeechRequest, output: AudioOutput, arrival: Arrival, voice: LoadedVoice
    ) -> StartEvent:
        return StartEvent(
            request_id=arrival.request_id,
            voice_id=voice.voice_id,
            engine=self.engine.name,
            format=output.name,
            mime=output.mime,
            sample_rate=output.sample_rate,
            channels=1,
            ignored=request.options_ignored_by(self.engine, is_marked=self._is_marked(request)),
        )

    def _is_marked(self, request: SpeechRequest) -> bool:
        return request.is_marked_by(self.engine, may_be_unmarked=self._may_be_unmarked)

    def _encoded(
        self,
        request: SpeechRequest,
        output: AudioOutput,
        voice: LoadedVoice,
        progress: Progress,
        playback: Playback,
    ) -> Iterator[tuple[float, bytes]]:
        """Yield each audio event's seconds of speech and encoded bytes; one for all unless streamed."""
        encoder = output.encoder()
        held_seconds, held = 0.0, b""
        for samples in self._paced(request, output, voice, progress, playback):
            held_seconds += len(samples) / output.sample_rate
            held += encoder.encode(samples)
            if request.stream and held:
                yield held_seconds, held
                held_seconds, held = 0.0, b""
        held += encoder.flush()
        if held:
            yield held_seconds, held

    def _paced(
        self,
        request: SpeechRequest,
        output: AudioOutput,
        voice: LoadedVoice,
        progress: Progress,
        playback: Playback,
    ) -> Iterator[Samples]:
        """Yield each event's share of the samples, at the request's speed and sample rate."""
        pacer = EventPacer(output.sample_rate, output.event_samples)
        stages = StageChain(self._stages(request, output.sample_rate))
        for samples in self._spoken(request, voice, progress, playback):
            yield from pacer.gather(stages.process(samples))
        yield from pacer.gather(stages.flush())
        yield from pacer.rest()

    def _stages(self, request: SpeechRequest, sample_rate: int) -> list[Stage]:
        stages: list[Stage] = []
        if self._is_marked(request) and (watermark := self.engine.watermark()) is not None:
            stages.append(watermark)
        if request.speed != 1.0:
            stages.append(TimeStretch(request.speed, self.engine.sample_rate))
        if sample_rate != self.engine.sample_rate:
            stages.append(Resampler(self.engine.sample_rate, sample_rate))
        return stages

    def _spoken(
        self, request: SpeechRequest, voice: LoadedVoice, progress: Progress, playback: Playback
    ) -> Iterator[Samples]:
        """Yield the engine's samples, text chunk by text chunk; the next ones are begun meanwhile."""
        streams = self._begun(request, voice, progress, playback)
        try:
            while (stream := streams.next()) is not None:
                for block in progress.timed(stream):
                    progress.note_block(block)
                    yield block.samples
                progress.check()
                playback.order += 1
        finally:
            streams.close()

    def _begun(
        self, request: SpeechRequest, voice: LoadedVoice, progress: Progress, playback: Playback
    ) -> StreamsAhead:
        options = replace(request.options, language=request.language or voice.language)

        def begin(order: int, text_chunk: str) -> SpeechStream:
            delivery = Delivery(progress.must_stop, playback, order, whole=not request.stream)
            return self.engine.stream(text_chunk, voice.conditionals, options.for_text_chunk(order), delivery)

        text_chunks = split_text(request.text, language=options.language, normalize=request.normalize)
        return StreamsAhead(begin, (text_chunk.text for text_chunk in text_chunks))
