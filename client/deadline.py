"""One overall time limit, shared by everything that is done for a job."""

from __future__ import annotations

import time

from client.errors import DeadlineExceeded


class Deadline:
    """Counts down from `timeout` seconds; None never ends."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def limit(self, seconds: float) -> float:
        """Return `seconds`, or what is left if that is less; raise DeadlineExceeded if nothing is."""
        if self._end is None:
            return seconds
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"not done within {self._timeout} s")
        return min(seconds, remaining)

    def allows(self, seconds: float) -> bool:
        """Whether more than that is left."""
        return self._end is None or time.monotonic() + seconds < self._end

    def sleep(self, seconds: float) -> None:
        """Sleep, but never past the end; raise DeadlineExceeded if it has passed already."""
        seconds = self.limit(seconds)
        if seconds > 0:
            time.sleep(seconds)
