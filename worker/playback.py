"""What a request's listener has to play: the measure of which stream is next, and of underruns."""

import time
from collections.abc import Callable


class Playback:
    """A listener who plays from the first audio on, as fast as it was spoken, and waits when there is none.

    Shared by all text chunks of a request. Written by the request's thread; what the engine's reads
    may be an instant old.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._as_of: float | None = None
        self.order = 0
        """Which of the request's text chunks is being given to the listener."""
        self.underruns = 0
        """How often the listener had nothing to play before the end."""
        self.underrun_seconds = 0.0
        """And for how long in all."""

    @property
    def has_begun(self) -> bool:
        """Whether the first audio is there."""
        return self._as_of is not None

    @property
    def buffered_seconds(self) -> float:
        """Audio that the listener has not played yet; below zero is how long there has been none."""
        return 0.0 if self._as_of is None else self._seconds - (self._clock() - self._as_of)

    def note(self, seconds: float) -> None:
        """Take in that the listener was given this much more."""
        left = self.buffered_seconds
        if left < 0:
            self.underruns += 1
            self.underrun_seconds -= left
        self._seconds, self._as_of = max(left, 0.0) + seconds, self._clock()
