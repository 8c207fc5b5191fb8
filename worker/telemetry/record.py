"""The record of a request: the data of its log line, metrics and trace."""

import time
from collections.abc import Callable, Mapping

from voices.errors import ChatterpodError
from worker.events import AudioEvent, EndEvent, Event, Metrics, ProgressEvent, SkippedEvent, StartEvent
from worker.request import Arrival, named_action

MOST_LOGGED_CHARACTERS = 1_000
"""Upper bound for a text in the log."""


class RequestRecord:
    """A request, its answer, and its times (``time.perf_counter`` seconds); filled in by its events."""

    def __init__(
        self,
        job_input: object,
        arrival: Arrival,
        interface: str,
        fed_text: Callable[[], tuple[str, int]] | None = None,
    ) -> None:
        """``fed_text`` returns the beginning and the length of a text that is not in ``job_input``."""
        self._fed_text = fed_text
        self._asked: Mapping[str, object] = job_input if isinstance(job_input, Mapping) else {}
        self.request_id = arrival.request_id
        self.interface = interface
        """``queue``, or the HTTP route's name."""
        self.start: StartEvent | None = None
        """None if the request ended before its start event."""
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
        """Record an event on its way to the client."""
        match event:
            case StartEvent():
                self.start, self.voice_ready = event, time.perf_counter()
            case AudioEvent():
                self.first_audio = self.first_audio or time.perf_counter()
                self.audio_seconds += event.seconds
            case EndEvent():
                self.end, self.audio_seconds = event, event.audio_seconds
        self._is_answered = not isinstance(event, (StartEvent, AudioEvent, ProgressEvent, SkippedEvent))

    def fail(self, error: Exception) -> None:
        """Record the error that ended the request."""
        self.error = error if isinstance(error, ChatterpodError) else None
        self._was_defect = self.error is None

    def finish(self) -> None:
        """Record the time of the end."""
        self.ended = time.perf_counter()

    @property
    def action(self) -> str:
        """``speak``, or another action of ``worker/request.py``; ``unknown`` for any other."""
        return named_action(self._asked) or "unknown"

    @property
    def text(self) -> str | None:
        """The text as it was sent, or the beginning of it; logged only with ``LOG_TEXT``."""
        text = self._asked.get("text") if self._fed_text is None else self._fed_text()[0]
        return text if isinstance(text, str) else None

    @property
    def text_characters(self) -> int | None:
        """The length of the text; None if it is not a string."""
        if self._fed_text is not None:
            return self._fed_text()[1]
        return len(self.text) if self.text is not None else None

    @property
    def outcome(self) -> str:
        """``ok``, ``cancelled``, or the error's code."""
        if self.error is not None:
            return self.error.code
        if self._was_defect:
            return "engine_failure"
        # A client that has read the whole answer may disconnect before the generator has ended.
        return "ok" if self._is_answered else "cancelled"

    @property
    def seconds(self) -> float:
        """Seconds from arrival to end."""
        return self.ended - self.arrived

    @property
    def metrics(self) -> Metrics | None:
        """The metrics of its end event."""
        return self.end.metrics if self.end is not None else None

    @property
    def ttfa_ms(self) -> float | None:
        """Time to first audio, also for a request that failed later."""
        if self.metrics is not None:
            return self.metrics.ttfa_ms
        return None if self.first_audio is None else round((self.first_audio - self.arrived) * 1000, 1)


Sink = Callable[[RequestRecord], None]
"""Receives the record of each finished request; called on the event loop, so it must not block."""
