"""A request as it is known at its end: what the log, the counters and the traces are made of."""

import time
from collections.abc import Callable, Mapping

from voices.errors import ChatterpodError
from worker.events import AudioEvent, EndEvent, Event, Metrics, ProgressEvent, StartEvent
from worker.request import Arrival, named_action


class RequestRecord:
    """A request, its answer, and when (``time.perf_counter`` seconds); its events fill it in."""

    def __init__(
        self,
        job_input: object,
        arrival: Arrival,
        interface: str,
        fed_text: Callable[[], str] | None = None,
    ) -> None:
        """``fed_text`` returns the text so far where it does not come with ``job_input``."""
        self._fed_text = fed_text
        self._asked: Mapping[str, object] = job_input if isinstance(job_input, Mapping) else {}
        self.request_id = arrival.request_id
        self.interface = interface
        """``queue``, or the HTTP route's name."""
        self.start: StartEvent | None = None
        """None where it did not come so far."""
        self.end: EndEvent | None = None
        self.error: ChatterpodError | None = None
        self.audio_seconds = 0.0
        self.arrived = arrival.at
        self.voice_ready: float | None = None
        self.first_audio: float | None = None
        self.ended = arrival.at
        self._is_answered = False
        self._was_defect = False

    def note(self, event: Event) -> None:
        """Take in an event on its way to the client."""
        match event:
            case StartEvent():
                self.start, self.voice_ready = event, time.perf_counter()
            case AudioEvent():
                self.first_audio = self.first_audio or time.perf_counter()
                self.audio_seconds += event.seconds
            case EndEvent():
                self.end, self.audio_seconds = event, event.audio_seconds
        self._is_answered = not isinstance(event, (StartEvent, AudioEvent, ProgressEvent))

    def fail(self, error: Exception) -> None:
        """Take in what ended it."""
        self.error = error if isinstance(error, ChatterpodError) else None
        self._was_defect = self.error is None

    def finish(self) -> None:
        """Say that it is over."""
        self.ended = time.perf_counter()

    @property
    def action(self) -> str:
        """``speak``, or another of ``worker/request.py``; ``unknown`` for one that there is not."""
        return named_action(self._asked) or "unknown"

    @property
    def text(self) -> str | None:
        """As it was sent: not for the log unless the operator says so."""
        text = self._asked.get("text") if self._fed_text is None else self._fed_text()
        return text if isinstance(text, str) else None

    @property
    def outcome(self) -> str:
        """``ok``, ``cancelled``, or the code of its error."""
        if self.error is not None:
            return self.error.code
        if self._was_defect:
            return "engine_failure"
        # A client that has read an answer to its end may leave before the generator has ended.
        return "ok" if self._is_answered else "cancelled"

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


Sink = Callable[[RequestRecord], None]
"""Takes each request's record once it is over; called on the event loop, and must not wait."""
