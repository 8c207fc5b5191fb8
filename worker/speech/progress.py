"""One request's clock: its arrival, its time limit and its metrics."""

import math
import time
from collections.abc import Iterator
from typing import TypeVar

from worker.engine.base import IsCancelled, Playback, SpeechBlock
from worker.errors import Cancelled, DeadlineExceeded
from worker.events import Metrics
from worker.request import Arrival

T = TypeVar("T")


class Clock:
    """Measures a request from the start of its work.

    The time limit counts from the request's arrival: its own ``deadline_ms`` or the worker's
    ``most_seconds``, whichever ends first.
    """

    def __init__(
        self,
        arrival: Arrival,
        cancelled: IsCancelled,
        deadline_ms: int | None = None,
        most_seconds: float | None = None,
    ) -> None:
        self.request_id = arrival.request_id
        self.is_limit_requested = deadline_ms is not None and (
            most_seconds is None or deadline_ms <= most_seconds * 1000
        )
        """Whether the limit is the request's own."""
        limits = (deadline_ms, None if most_seconds is None else most_seconds * 1000)
        self.limit_ms = min((limit for limit in limits if limit is not None), default=None)
        self._arrived = arrival.at
        self._cancelled = cancelled
        self._started = time.perf_counter()
        self._first_audio: float | None = None
        self._busy_seconds = 0.0
        self._stalled_seconds = 0.0
        self._speech_tokens = 0
        self._cut_text_chunks = 0
        self._resumed_text_chunks = 0

    def must_stop(self) -> bool:
        """Whether the request was cancelled or is past its limit; called between steps of long work."""
        return self._cancelled() or self._is_late()

    def check(self) -> None:
        """Raise ``Cancelled`` or ``DeadlineExceeded`` if the request must stop."""
        if self._cancelled():
            raise Cancelled("The request was cancelled.")
        if self._is_late():
            raise self.exceeded()

    @property
    def seconds_left(self) -> float:
        """Seconds until the limit; infinite without one."""
        if self.limit_ms is None:
            return math.inf
        return max(self.limit_ms / 1000 - (time.perf_counter() - self._arrived), 0.0)

    def exceeded(self) -> DeadlineExceeded:
        """Return the error of a request past its limit."""
        limit_ms = self.limit_ms or 0.0
        if self.is_limit_requested:
            return DeadlineExceeded(
                f"The speech was not complete within deadline_ms={limit_ms:.0f}: "
                "allow more time, or send less text.",
                field="deadline_ms",
            )
        return DeadlineExceeded(
            f"The speech was not complete within the {limit_ms / 1000:.0f} s that this worker gives "
            "a request (MAX_REQUEST_SECONDS): send the text in parts.",
            field="text",
        )

    def note_audio(self) -> None:
        """Record the time of the first encoded audio; later calls have no effect."""
        if self._first_audio is None:
            self._first_audio = time.perf_counter()

    def timed(self, work: Iterator[T]) -> Iterator[T]:
        """Yield the items of ``work``, and count the time that it takes, without its consumer's time."""
        while True:
            began = time.perf_counter()
            try:
                item = next(work)
            except StopIteration:
                return
            finally:
                self._busy_seconds += time.perf_counter() - began
            yield item

    def note_block(self, block: SpeechBlock) -> None:
        """Count a block's speech tokens, and whether it was cut."""
        self._speech_tokens += block.speech_tokens
        self._cut_text_chunks += block.was_cut

    def passed_on(self, item: T) -> Iterator[T]:
        """Yield ``item``, and count how long its consumer takes until it asks for the next one."""
        began = time.perf_counter()
        yield item
        self._stalled_seconds += time.perf_counter() - began

    def note_resumed(self, text_chunks: int) -> None:
        """Record how many text chunks were reused from an earlier attempt."""
        self._resumed_text_chunks = text_chunks

    def metrics(self, audio_seconds: float, voice_cache: str, playback: Playback) -> Metrics:
        """Return the metrics for the end event."""
        return Metrics(
            ttfa_ms=None if self._first_audio is None else _milliseconds(self._first_audio - self._arrived),
            rtf=round(self._busy_seconds / audio_seconds, 4) if audio_seconds else None,
            queue_ms=_milliseconds(self._started - self._arrived),
            speech_tokens=self._speech_tokens or None,
            cut_text_chunks=self._cut_text_chunks,
            resumed_text_chunks=self._resumed_text_chunks,
            underruns=playback.underruns,
            underrun_ms=_milliseconds(playback.underrun_seconds),
            stalled_ms=_milliseconds(self._stalled_seconds),
            voice_cache=voice_cache,
        )

    def _is_late(self) -> bool:
        return self.limit_ms is not None and (time.perf_counter() - self._arrived) * 1000 > self.limit_ms


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
