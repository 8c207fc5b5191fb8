"""Where the time of a start goes, from the very beginning of the process."""

import time
from pathlib import Path

_STAT = Path("/proc/self/stat")
_TICKS_PER_SECOND = 100  # Linux's USER_HZ: the same on all its machines
_BEGAN_FIELD = 19
"""Of those behind the command's name: when the process began, in ticks since the system did."""


class Phases:
    """Phases of a start, each from the end of the one before; the first from the process's beginning."""

    def __init__(self) -> None:
        self._ended = time.monotonic() - _process_age()
        self.seconds: dict[str, float] = {}
        """By name, in their order."""

    def end(self, name: str) -> None:
        """End a phase, which thereby gets its name."""
        now = time.monotonic()
        self.seconds[name] = now - self._ended
        self._ended = now

    def __str__(self) -> str:
        """Return "3.1 s: Python 0.4, torch 2.0, ..."."""
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.seconds.items())
        return f"{sum(self.seconds.values()):.1f} s: {parts}"


def _process_age() -> float:
    """Return the seconds, to a hundredth, since this process began; 0 where the system does not say."""
    if not _STAT.exists():
        return 0.0
    began = int(_STAT.read_text().rpartition(")")[2].split()[_BEGAN_FIELD]) / _TICKS_PER_SECOND
    return max(time.clock_gettime(time.CLOCK_BOOTTIME) - began, 0.0)
