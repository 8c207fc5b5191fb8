"""Clients of the worker's service, with the audio that each receives over time."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.stream.cases import Case

if TYPE_CHECKING:
    from worker.service.service import SpeechService


@dataclass
class StreamHeard:
    """One request, as received by its client."""

    ttfa_s: float = 0.0
    total_s: float = 0.0
    audio_s: float = 0.0
    underruns: int = 0
    underrun_s: float = 0.0
    speech_tokens: int = 0
    buffer: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the job's arrival, and seconds of audio left to play: before and after each event."""


@dataclass(frozen=True)
class Round:
    """All streams of a case, started at once."""

    heard: list[StreamHeard]
    seconds: float
    """Seconds until the last one ended."""

    @property
    def audio_s_per_s(self) -> float:
        """Return the seconds of audio produced per second."""
        return sum(each.audio_s for each in self.heard) / self.seconds


async def listen(service: "SpeechService", case: Case) -> Round:
    """Send a case's jobs at once, and listen to all of them until they end."""
    began = perf_counter()
    heard = await asyncio.gather(*(_listen(service, case, number) for number in range(case.streams)))
    return Round(heard, perf_counter() - began)


async def _listen(service: "SpeechService", case: Case, number: int) -> StreamHeard:
    from worker.engine.base import Playback
    from worker.events import AudioEvent, EndEvent
    from worker.request import Arrival

    job_input = {"text": case.length.text, "format": "pcm", "stream": not case.whole}
    arrival = Arrival(f"{case.name}#{number}")
    heard, playback = StreamHeard(), Playback()
    async for event in service.respond(job_input, arrival):
        at = perf_counter() - arrival.at
        if isinstance(event, AudioEvent):
            heard.ttfa_s = heard.ttfa_s or at
            heard.buffer.append((at, playback.buffered_seconds))
            playback.note(event.seconds)
            heard.buffer.append((at, playback.buffered_seconds))
        elif isinstance(event, EndEvent):
            heard.total_s, heard.audio_s = at, event.audio_seconds
            heard.speech_tokens = event.metrics.speech_tokens or 0
    heard.underruns, heard.underrun_s = playback.underruns, playback.underrun_seconds
    return heard
