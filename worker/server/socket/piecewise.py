"""A request whose text comes in pieces: one stream of events, one encoder, one file in the end."""

import hashlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from voices.errors import InvalidRequest
from worker.audio.formats import AudioOutput, FormatName
from worker.errors import NothingToSpeak
from worker.events import AudioEvent, EndEvent, Event, Metrics, SkippedEvent, StartEvent
from worker.request import Arrival
from worker.server.backend import Backend
from worker.server.socket.text_feed import FedText, TextFeed
from worker.speech.speaking import Timeline

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

    async def events(self) -> AsyncGenerator[Event]:
        """Yield a start event, audio events, and an end event over all parts; raises ``ChatterpodError``.

        A part that is not spoken is told by a skipped event, after the start event in any case.
        """
        output = self._output()
        audio = _JoinedAudio(output)
        skipped: list[SkippedEvent] = []
        async with aclosing(self._parts(output.sample_rate)) as parts:
            async for part, event in parts:
                match event:
                    case StartEvent() if not audio.begin(part):
                        yield replace(event, format=output.name, mime=output.mime)
                    case SkippedEvent():
                        skipped.append(event)
                    case AudioEvent() | EndEvent():
                        for each in audio.add(event):
                            yield each
                while audio.has_begun and skipped:
                    yield skipped.pop(0)
        if not audio.has_begun:
            raise NothingToSpeak
        for last in audio.finish():
            yield last

    async def _parts(self, sample_rate: int) -> AsyncGenerator[tuple[FedText, Event]]:
        """Yield the events of every part, which is a request of its own."""
        options = {**self._options, "format": "pcm", "sample_rate": sample_rate, "stream": True}
        options.pop("response_format", None)
        while (part := await self._feed.take()) is not None:
            if not part.text:
                yield part, SkippedEvent(part.start, part.end, "open_thought")
                continue
            events = self._backend.respond({**options, "text": part.text}, self._arrival, "socket")
            async with aclosing(events):
                try:
                    async for event in events:
                        yield part, event
                except NothingToSpeak:
                    yield part, SkippedEvent(part.start, part.end, "nothing_to_speak")

    def _output(self) -> AudioOutput:
        """Decide what the audio will be; raises ``InvalidRequest``."""
        name = self._options.get("format", self._options.get("response_format", "mp3"))
        rate = self._options.get("sample_rate")
        if not isinstance(name, str):
            raise InvalidRequest("format: use a string.", field="format")
        if rate is not None and (not isinstance(rate, int) or isinstance(rate, bool)):
            raise InvalidRequest("sample_rate: use a whole number of Hz.", field="sample_rate")
        parsed = FormatName.parse(name)
        parsed.check_rate(rate)
        return parsed.output(rate, self._backend.sample_rate)


class _JoinedAudio:
    """The audio of all parts as one file, with the places of the text that it speaks."""

    def __init__(self, output: AudioOutput) -> None:
        self._output = output
        self._encoder = output.encoder()
        self._rest = np.zeros(0, np.float32)
        self._timeline = Timeline(speed=1.0)  # the parts' own have their speed in them
        self._digest = hashlib.sha256()
        self._ends: list[EndEvent] = []
        self._sent = 0
        self._sent_seconds = 0.0
        self._held_samples = 0
        """Encoded, but not in an event yet."""
        self._samples = 0
        self._part = FedText(0, 0, "")
        self._part_offset_s = 0.0
        self.has_begun = False

    def begin(self, part: FedText) -> bool:
        """Note that a part's speech follows; return whether there was one before."""
        had_begun, self.has_begun = self.has_begun, True
        self._part = part
        self._part_offset_s = self._samples / self._output.sample_rate
        return had_begun

    def add(self, event: AudioEvent | EndEvent) -> Iterator[AudioEvent]:
        """Take a part's event in, and encode its samples."""
        if isinstance(event, EndEvent):
            self._ends.append(event)
            return
        for text in event.text:
            start, end = self._part.start + text.start, self._part.start + text.end
            self._timeline.note(self._part_offset_s + text.offset_s, start, end)
        samples = np.frombuffer(event.audio, "<i2").astype(np.float32) / _INT16_STEPS
        self._samples += len(samples)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._output.event_samples
        self._rest = samples[whole:]
        yield from self._event(self._encoder.encode(samples[:whole]), whole)

    def finish(self) -> Iterator[AudioEvent | EndEvent]:
        """Encode what is left, and sum up."""
        yield from self._event(self._encoder.encode(self._rest) + self._encoder.flush(), len(self._rest))
        yield EndEvent(
            chunks=self._sent,
            audio_seconds=round(sum(end.audio_seconds for end in self._ends), 6),
            sha256=self._digest.hexdigest(),
            metrics=_summed([end.metrics for end in self._ends]),
        )

    def _event(self, audio: bytes, samples: int) -> Iterator[AudioEvent]:
        self._held_samples += samples
        if not audio:
            return
        seconds = self._held_samples / self._output.sample_rate
        self._held_samples = 0
        self._digest.update(audio)
        offset_s, self._sent_seconds = self._sent_seconds, self._sent_seconds + seconds
        yield AudioEvent(
            index=self._sent,
            offset_s=round(offset_s, 6),
            seconds=round(seconds, 6),
            audio=audio,
            text=self._timeline.until(self._sent_seconds),
        )
        self._sent += 1


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
