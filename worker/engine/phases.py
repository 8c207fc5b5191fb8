"""The durations of a cold start's phases, measured from the start of the process."""

import time
from pathlib import Path

_STAT = Path("/proc/self/stat")
_TICKS_PER_SECOND = 100  # Linux's USER_HZ, the same on all machines
_BEGAN_FIELD = 19
"""Index after the command's name: the process's start, in ticks since boot."""


class Phases:
    """Phases of a start: each begins where the previous one ended, the first with the process."""

    def __init__(self) -> None:
        self._ended = time.monotonic() - _process_age()
        self.seconds: dict[str, float] = {}
        """By name, in order."""

    def end(self, name: str) -> None:
        """End the current phase and name it."""
        now = time.monotonic()
        self.seconds[name] = now - self._ended
        self._ended = now

    def __str__(self) -> str:
        """Return "3.1 s: Python 0.4, torch 2.0, ..."."""
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.seconds.items())
        return f"{sum(self.seconds.values()):.1f} s: {parts}"


def _process_age() -> float:
    """Return the seconds since this process started, to 0.01 s; 0 without /proc."""
    if not _STAT.exists():
        return 0.0
    began = int(_STAT.read_text().rpartition(")")[2].split()[_BEGAN_FIELD]) / _TICKS_PER_SECOND
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - began, 0.0)
