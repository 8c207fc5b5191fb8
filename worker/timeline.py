"""Which text a moment of the audio speaks."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenText:
    """From ``offset_s`` of the audio on, ``request.text[start:end]`` is spoken."""

    offset_s: float
    start: int
    end: int


class Timeline:
    """Holds what was begun until the audio is there in which it begins; ``speed`` is the request's."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._waiting: deque[SpokenText] = deque()

    def note(self, seconds: float, start: int, end: int) -> None:
        """Take in that a text chunk begins after so many seconds of speech, at speed 1."""
        self._waiting.append(SpokenText(round(seconds / self._speed, 6), start, end))

    def until(self, offset_s: float) -> list[SpokenText]:
        """Return, and forget, what begins before that moment of the audio."""
        begun = []
        while self._waiting and self._waiting[0].offset_s < offset_s:
            begun.append(self._waiting.popleft())
        return begun

    def rest(self) -> list[SpokenText]:
        """Return, and forget, all that is left."""
        return self.until(float("inf"))
