"""Admission during shutdown: the worker still takes the requests that it can finish in time."""

import time
from threading import Lock

from worker.request import Request, SpeechRequest
from worker.text.duration import LETTERS_A_SECOND, spoken_length

_KEPT = 0.8
"""Weight of the earlier requests in the pace, applied at the end of each request."""
_RESERVE = 1.5
"""Safety factor: speech that is cut off is lost, but a refused request is retried on another worker."""


class Pace:
    """Moving average of how long requests take, in seconds per letter of their texts.

    Until a request has ended, the pace is that of real time. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = 0.0
        self._letters = 0.0

    def note(self, text: str, seconds: float) -> None:
        """Record how long a text took from its first step to its last event."""
        letters = spoken_length(text)
        with self._lock:
            self._seconds = self._seconds * _KEPT + seconds
            self._letters = self._letters * _KEPT + letters

    def estimate(self, text: str) -> float:
        """Return the expected time for a text in seconds."""
        with self._lock:
            pace = self._seconds / self._letters if self._letters else 1 / LETTERS_A_SECOND
        return spoken_length(text) * pace


class LastRequests:
    """The requests of a grace period that lasts ``seconds`` from now."""

    def __init__(self, seconds: float, pace: Pace) -> None:
        self._until = time.monotonic() + seconds
        self._pace = pace

    def have_room_for(self, request: Request) -> bool:
        """Whether a request that arrives now is expected to end within the period."""
        left = self._until - time.monotonic()
        if isinstance(request, SpeechRequest):
            return self._pace.estimate(request.text) * _RESERVE < left
        return left > 0
