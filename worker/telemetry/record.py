"""A request as it is known at its end: what the log, the counters and the traces are made of."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from voices.errors import ChatterpodError
from worker.events import AudioEvent, EndEvent, Event, Metrics, ProgressEvent, StartEvent
from worker.request import Arrival, named_action


class Sink(Protocol):
    """Keeps account of requests. Both methods are called on the event loop, and must not wait."""

    def began(self) -> None:
        """Take in that a request has come."""
        ...

    def finished(self, request: "FinishedRequest") -> None:
        """Take in that it is over; called once for each that began."""
        ...


@dataclass(frozen=True)
class FinishedRequest:
    """What was asked, what came of it, and when (``time.perf_counter`` seconds)."""

    request_id: str
    interface: str
    """``queue``, or the HTTP route's name."""
    action: str
    """``speak``, or another of ``worker/request.py``; ``unknown`` for one that there is not."""
    outcome: str
    """``ok``, ``cancelled``, or the code of its error."""
    error: ChatterpodError | None
    text: str | None
    """As it was sent: not for the log unless the operator says so."""
    start: StartEvent | None
    """None where it did not come so far."""
    end: EndEvent | None
    audio_seconds: float
    arrived: float
    voice_ready: float | None
    first_audio: float | None
    ended: float

    @property
    def seconds(self) -> float:
        """From its arrival to its end."""
        return self.ended - self.arrived

    @property
    def metrics(self) -> Metrics | None:
        """Its own account of what it cost."""
        return self.end.metrics if self.end is not None else None

    @property
    def ttfa_ms(self) -> float | None:
        """From its arrival to its first audio, also of a request that failed after that."""
        if self.metrics is not None:
            return self.metrics.ttfa_ms
        return None if self.first_audio is None else round((self.first_audio - self.arrived) * 1000, 1)


class RequestUnderWay:
    """Takes in a request's events; ``finish`` sums them up."""

    def __init__(self, job_input: object, arrival: Arrival, interface: str) -> None:
        self._asked: Mapping[str, object] = job_input if isinstance(job_input, Mapping) else {}
        self._arrival = arrival
        self._interface = interface
        self._start: StartEvent | None = None
        self._end: EndEvent | None = None
        self._audio_seconds = 0.0
        self._voice_ready: float | None = None
        self._first_audio: float | None = None
        self._is_answered = False
        self._error: ChatterpodError | None = None
        self._was_defect = False

    def note(self, event: Event) -> None:
        """Take in an event on its way to the client."""
        match event:
            case StartEvent():
                self._start, self._voice_ready = event, time.perf_counter()
            case AudioEvent():
                self._first_audio = self._first_audio or time.perf_counter()
                self._audio_seconds += event.seconds
            case EndEvent():
                self._end, self._audio_seconds = event, event.audio_seconds
        self._is_answered = not isinstance(event, (StartEvent, AudioEvent, ProgressEvent))

    def fail(self, error: Exception) -> None:
        """Take in what ended it."""
        self._error = error if isinstance(error, ChatterpodError) else None
        self._was_defect = self._error is None

    def finish(self) -> FinishedRequest:
        """Sum up, as of now."""
        text = self._asked.get("text")
        return FinishedRequest(
            request_id=self._arrival.request_id,
            interface=self._interface,
            action=named_action(self._asked) or "unknown",
            outcome=self._outcome(),
            error=self._error,
            text=text if isinstance(text, str) else None,
            start=self._start,
            end=self._end,
            audio_seconds=self._audio_seconds,
            arrived=self._arrival.at,
            voice_ready=self._voice_ready,
            first_audio=self._first_audio,
            ended=time.perf_counter(),
        )

    def _outcome(self) -> str:
        if self._error is not None:
            return self._error.code
        if self._was_defect:
            return "engine_failure"
        # Whoever reads an answer to its end may leave before the generator has.
        return "ok" if self._is_answered else "cancelled"
