"""One request, and the audio that its client receives."""

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.load.workload import Planned
from chatterpod import ClientError, RequestFailed
from worker.engine.base import Playback

if TYPE_CHECKING:
    from chatterpod import AsyncSpeech, AsyncSpeechClient


@dataclass
class Heard:
    """Outcome of a request; its waits count from when it was due."""

    planned: Planned
    late_s: float = 0.0
    """Seconds between due and sent."""
    first_audio_s: float | None = None
    total_s: float = 0.0
    """Seconds until its end or its error."""
    audio_s: float = 0.0
    underruns: int = 0
    underrun_s: float = 0.0
    attempts: int = 1
    worker_first_audio_ms: float | None = None
    error: str | None = None
    """The error's code, or the client's exception class if it has no code."""
    error_message: str = ""

    @property
    def listened(self) -> tuple[float, float] | None:
        """The span in which the client was listening, since the clock started; None without audio."""
        if self.first_audio_s is None:
            return None
        first = self.planned.due_s + self.first_audio_s
        return first, first + self.audio_s + self.underrun_s


async def listen(client: "AsyncSpeechClient", planned: Planned, began: float) -> Heard:
    """Send the request when it is due, in ``time.perf_counter`` since ``began``, and listen until it ends."""
    due = began + planned.due_s
    await asyncio.sleep(max(0.0, due - perf_counter()))
    heard = Heard(planned, late_s=perf_counter() - due)
    speech = client.speak(planned.text, voice_id=planned.voice_id, format=planned.format)
    try:
        async with speech:
            await _hear(speech, heard, due)
    except ClientError as error:
        heard.error = error.code if isinstance(error, RequestFailed) else type(error).__name__
        heard.error_message = str(error)
    heard.total_s = perf_counter() - due
    heard.attempts = speech.attempts
    heard.worker_first_audio_ms = speech.metrics.get("ttfa_ms")
    return heard


async def _hear(speech: "AsyncSpeech", heard: Heard, due: float) -> None:
    playback = Playback()
    async for _ in speech:
        if heard.first_audio_s is None:
            heard.first_audio_s = perf_counter() - due
        playback.note(speech.seconds - heard.audio_s)
        heard.audio_s = speech.seconds
        heard.underruns, heard.underrun_s = playback.underruns, playback.underrun_seconds
