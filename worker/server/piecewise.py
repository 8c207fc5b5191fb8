"""A request whose text comes in pieces: one stream of events, one encoder, one file in the end."""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from voices.clip import Samples
from voices.errors import ChatterpodError, InvalidRequest
from worker.audio.formats import AudioOutput, FormatName
from worker.events import AudioEvent, EndEvent, Event, HealthEvent, Metrics, StartEvent
from worker.progress import Arrival
from worker.server.backend import Backend
from worker.server.text_feed import TextFeed

_INT16_STEPS = np.float32(2**15)


class PiecewiseSpeech:
    """Speaks what a feed gives out, part by part, each as samples, which one encoder takes on."""

    def __init__(
        self, backend: Backend, options: Mapping[str, object], feed: TextFeed, arrival: Arrival
    ) -> None:
        self._backend = backend
        self._options = options
        self._feed = feed
        self._arrival = arrival
        self._digest = hashlib.sha256()
        self._chunks = 0
        self._offset_s = 0.0
        self._ends: list[EndEvent] = []

    async def events(self) -> AsyncGenerator[Event]:
        """Yield a start event, audio events, and an end event over all parts; raises ``ChatterpodError``."""
        output = await self._output()
        options = {**self._options, "format": "pcm", "sample_rate": output.sample_rate, "stream": True}
        options.pop("response_format", None)
        encoder = output.encoder()
        rest = np.zeros(0, np.float32)
        started = False
        while (text := await self._feed.take()) is not None:
            async with aclosing(self._parts({**options, "text": text})) as parts:
                async for event in parts:
                    match event:
                        case StartEvent() if not started:
                            started = True
                            yield replace(event, format=output.name, mime=output.mime)
                        case AudioEvent():
                            samples = np.concatenate([rest, _samples(event.audio)])
                            whole = len(samples) - len(samples) % output.event_samples
                            rest = samples[whole:]
                            for audio in self._encoded(encoder.encode(samples[:whole]), whole, output):
                                yield audio
                        case EndEvent():
                            self._ends.append(event)
        if not started:
            raise InvalidRequest("text: there was nothing to speak in it.", field="text")
        for audio in self._encoded(encoder.encode(rest) + encoder.flush(), len(rest), output):
            yield audio
        yield self._end()

    async def _parts(self, job_input: Mapping[str, object]) -> AsyncGenerator[Event]:
        """Yield one part's events; a part that is markup alone says nothing."""
        try:
            async with aclosing(self._backend.respond(job_input, self._arrival, "socket")) as events:
                async for event in events:
                    yield event
        except ChatterpodError as error:
            if error.code != "invalid_request" or error.field != "text":
                raise

    async def _output(self) -> AudioOutput:
        """Decide what the audio will be; raises ``InvalidRequest``."""
        name = self._options.get("format", self._options.get("response_format", "mp3"))
        rate = self._options.get("sample_rate")
        if not isinstance(name, str):
            raise InvalidRequest("format: use a string.", field="format")
        if rate is not None and (not isinstance(rate, int) or isinstance(rate, bool)):
            raise InvalidRequest("sample_rate: use a whole number of Hz.", field="sample_rate")
        health = await self._backend.ask({"action": "health"})
        assert isinstance(health, HealthEvent)  # noqa: S101  # what the action answers
        parsed = FormatName.parse(name)
        parsed.check_rate(rate)
        return parsed.output(rate, health.sample_rate)

    def _encoded(self, audio: bytes, samples: int, output: AudioOutput) -> list[AudioEvent]:
        seconds = samples / output.sample_rate
        if not audio:
            return []
        self._digest.update(audio)
        event = AudioEvent(
            index=self._chunks, offset_s=round(self._offset_s, 6), seconds=round(seconds, 6), audio=audio
        )
        self._chunks += 1
        self._offset_s += seconds
        return [event]

    def _end(self) -> EndEvent:
        return EndEvent(
            chunks=self._chunks,
            audio_seconds=round(sum(end.audio_seconds for end in self._ends), 6),
            sha256=self._digest.hexdigest(),
            metrics=_summed([end.metrics for end in self._ends]),
        )


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / _INT16_STEPS


def _summed(metrics: list[Metrics]) -> Metrics:
    """Sum the parts' metrics up; the first audio is the first part's, the rest are totals or worst cases."""
    first = metrics[0]
    tokens = [each.speech_tokens for each in metrics if each.speech_tokens is not None]
    factors = [each.rtf for each in metrics if each.rtf is not None]
    return replace(
        first,
        rtf=max(factors, default=None),
        speech_tokens=sum(tokens) if tokens else None,
        cut_text_chunks=sum(each.cut_text_chunks for each in metrics),
        underruns=sum(each.underruns for each in metrics),
        underrun_ms=sum(each.underrun_ms for each in metrics),
        stalled_ms=sum(each.stalled_ms for each in metrics),
    )
