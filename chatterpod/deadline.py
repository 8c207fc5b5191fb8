"""One overall time limit, shared by all steps of a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chatterpod.errors import DeadlineExceeded
from chatterpod.steps import Sleep

if TYPE_CHECKING:
    from chatterpod.steps import Steps


class Deadline:
    """Counts down from `timeout` seconds; None means no limit."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Return the seconds left, None for no limit; raise DeadlineExceeded if none are."""
        if self._end is None:
            return None
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"not done within {self._timeout} s")
        return remaining

    def limit(self, seconds: float) -> float:
        """Return the smaller of `seconds` and the time left; raise DeadlineExceeded if none is."""
        left = self.left()
        return seconds if left is None else min(seconds, left)

    def allows(self, seconds: float) -> bool:
        """Whether more than `seconds` are left."""
        return self._end is None or time.monotonic() + seconds < self._end

    def pause(self, seconds: float) -> Steps[None]:
        """Sleep, but never past the deadline; raise DeadlineExceeded if it has already passed."""
        seconds = self.limit(seconds)
        if seconds > 0:
            yield Sleep(seconds)
