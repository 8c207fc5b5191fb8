"""Which requests a worker that is being stopped still takes: those that it can finish in time."""

import time
from threading import Lock

from worker.request import Request, SpeechRequest
from worker.text.duration import LETTERS_A_SECOND, spoken_length

_KEPT = 0.8
"""How much earlier requests count for in the pace, each time that another one has ended."""
_RESERVE = 1.5
"""Speech that is cut off is lost, and a refused request is made again elsewhere: so the estimate has room."""


class Pace:
    """Learns how long requests take, in seconds for each letter of their texts.

    Until one has ended, speech is taken to last as long as it is heard. Any thread may use it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = 0.0
        self._letters = 0.0

    def note(self, text: str, seconds: float) -> None:
        """Take in how long a text took from its first step to its last event."""
        letters = spoken_length(text)
        with self._lock:
            self._seconds = self._seconds * _KEPT + seconds
            self._letters = self._letters * _KEPT + letters

    def estimate(self, text: str) -> float:
        """Return how many seconds a text will take."""
        with self._lock:
            pace = self._seconds / self._letters if self._letters else 1 / LETTERS_A_SECOND
        return spoken_length(text) * pace


class LastRequests:
    """The requests of a grace period of ``seconds`` from now on."""

    def __init__(self, seconds: float, pace: Pace) -> None:
        self._until = time.monotonic() + seconds
        self._pace = pace

    def have_room_for(self, request: Request) -> bool:
        """Whether a request that comes now ends within the period, as far as one can tell."""
        left = self._until - time.monotonic()
        if isinstance(request, SpeechRequest):
            return self._pace.estimate(request.text) * _RESERVE < left
        return left > 0
