"""Computes figures from the received speech."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.load.listening import Heard
from benchmarks.load.measuring import Measured
from benchmarks.report import Result

PERCENTILES = (50, 90, 95, 99)
LATE_MS = 20.0
"""If requests are sent later than this, the sending machine distorts the measurement."""


def figures_of(measured: Measured) -> list[Result]:
    """Return a case's figures; percentiles only over requests with audio."""
    heard = measured.counted
    spoken = [each for each in heard if each.error is None]
    figures = {
        **_rates(measured),
        **_percentiles("first_audio", "ms", first_audio_ms(heard)),
        **_percentiles("worker_first_audio", "ms", worker_first_audio_ms(heard)),
        **_percentiles("total", "s", [each.total_s for each in spoken]),
        **_percentiles("late", "ms", [each.late_s * 1000 for each in heard]),
        "underruns": sum(each.underruns for each in heard),
        "underruns_per_1000_s": underruns_per_1000_s(heard),
        "underrun_s": sum(each.underrun_s for each in heard),
        **_errors(heard),
        **_memory(measured),
    }
    return [Result(measured.name, metric, round(value, 3)) for metric, value in figures.items()]


def first_audio_ms(heard: Iterable[Heard]) -> list[float]:
    """Return the waits of requests with audio, from when each was due."""
    return [each.first_audio_s * 1000 for each in heard if each.first_audio_s is not None]


def worker_first_audio_ms(heard: Iterable[Heard]) -> list[float]:
    """Return the same, as measured by the worker."""
    return [each.worker_first_audio_ms for each in heard if each.worker_first_audio_ms is not None]


def underruns_per_1000_s(heard: Sequence[Heard]) -> float:
    """Return the silences per 1,000 s of speech; 0 without speech."""
    seconds = sum(each.audio_s for each in heard)
    return sum(each.underruns for each in heard) / seconds * 1000 if seconds else 0.0


def late_p99_ms(measured: Measured) -> float:
    """Return how late this machine sent its requests; 0 if there were none."""
    return _percentiles("late", "ms", [each.late_s * 1000 for each in measured.counted]).get(
        "late_p99_ms", 0.0
    )


def at_once(spans: Iterable[tuple[float, float]]) -> list[tuple[float, int]]:
    """Return the number of overlapping spans over time: a step at every start and end."""
    steps = sorted(step for begin, end in spans for step in ((begin, 1), (end, -1)))
    counts = np.cumsum([change for _, change in steps])
    return [(at, int(count)) for (at, _), count in zip(steps, counts, strict=True)]


def listening(heard: Iterable[Heard]) -> list[tuple[float, float]]:
    """Return the span in which each client was listening."""
    return [each.listened for each in heard if each.listened is not None]


def _rates(measured: Measured) -> dict[str, float]:
    clock = measured.clock
    ended = [each for each in measured.heard if each.error is None and _ended_within(each, measured)]
    spans = listening(measured.heard)
    overlaps = (min(end, clock.seconds) - max(begin, clock.warm_up_s) for begin, end in spans)
    return {
        "clients": measured.clients,
        "requests": len(measured.counted),
        "offered_per_s": len(measured.counted) / clock.counted_s,
        "achieved_per_s": len(ended) / clock.counted_s,
        "audio_s_per_s": sum(each.audio_s for each in ended) / clock.counted_s,
        "listeners_mean": sum(max(0.0, overlap) for overlap in overlaps) / clock.counted_s,
        "listeners_peak": max((count for _, count in at_once(spans)), default=0),
    }


def _ended_within(heard: Heard, measured: Measured) -> bool:
    ended = heard.planned.due_s + heard.total_s
    return measured.clock.warm_up_s <= ended <= measured.clock.seconds


def _percentiles(name: str, unit: str, values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(values, PERCENTILES)
    return {
        f"{name}_p{percent}_{unit}": float(value) for percent, value in zip(PERCENTILES, found, strict=True)
    }


def _errors(heard: Sequence[Heard]) -> dict[str, float]:
    codes = Counter(each.error for each in heard if each.error is not None)
    return {
        "errors": codes.total(),
        **{f"errors_{code}": count for code, count in sorted(codes.items())},
        "repeated": sum(each.attempts > 1 for each in heard),
    }


def _memory(measured: Measured) -> dict[str, float]:
    looks, vram = measured.memory.looks, measured.memory.vram_looks
    figures: dict[str, float] = {}
    if looks:
        figures |= {"memory_begin_mb": looks[0], "memory_end_mb": looks[-1], "memory_peak_mb": max(looks)}
    if vram:
        figures |= {"vram_begin_mb": vram[0], "vram_end_mb": vram[-1], "vram_peak_mb": max(vram)}
    return figures
