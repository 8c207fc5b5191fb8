"""A site's capacity: increases the listeners until the goal is missed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.load.figures import figures_of
from benchmarks.load.measuring import Measured

FINENESS = 8
"""The gap between a passing and a failing number is halved until it is an eighth of the former, or one."""


@dataclass(frozen=True)
class Goal:
    """The promised service."""

    first_audio_p95_ms: float
    underruns_per_1000_s: float = 0.0

    def missed_by(self, measured: Measured) -> list[str]:
        """Return how a case misses the goal; empty if it meets it."""
        figures: Mapping[str, float] = {each.metric: each.ours for each in figures_of(measured)}
        missed = []
        if figures["requests"] == 0:
            return ["no requests: measure for longer"]
        first = figures.get("first_audio_p95_ms")
        if first is None or first > self.first_audio_p95_ms:
            told = "none" if first is None else f"{first:,.0f} ms"
            missed.append(f"first audio, p95: {told}, not {self.first_audio_p95_ms:,.0f} ms")
        if figures["underruns_per_1000_s"] > self.underruns_per_1000_s:
            missed.append(f"{figures['underruns']:.0f} underruns")
        if figures["errors"]:
            missed.append(f"{figures['errors']:.0f} errors")
        return missed


def most_that_hold(holds: Callable[[int], bool], most: int) -> int:
    """Return the most clients, up to ``most``, that hold; 0 if one is too many.

    Doubles them until they fail, then halves the gap.
    """
    good, bad = 0, most + 1
    count = 1
    while count <= most:
        if not holds(count):
            bad = count
            break
        good, count = count, min(count * 2, most) if count < most else most + 1
    while bad - good > max(1, good // FINENESS):
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good
