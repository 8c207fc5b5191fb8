"""``scripts/bench coldstart``: from the start of a process until it can speak, phase by phase.

Compares stock's ``from_local`` with the worker's ``open_engine``, each in separate processes, alternately,
with the files in the page cache. ``coldstart ready_s`` is the headline; the other figures are the phases, and
the first audio of a first request. All are medians. Ours builds S3Gen in parallel with T3: its phase is the
time that remains after T3 is ready.
"""

from pathlib import Path
from statistics import median
from typing import Literal

from benchmarks.checkpoint import find_or_write, read_ahead
from benchmarks.coldstart_plot import plot_phases as plot
from benchmarks.coldstart_starts import OURS, STOCK, Start, start_in_a_process
from benchmarks.report import Result

__all__ = ["plot", "run", "summarized"]

_REPEATS = 5
_QUICK_REPEATS = 3


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` repeats less."""
    directory = find_or_write(checkpoint, "full")
    read_ahead(directory)
    starts: dict[Literal["ours", "stock"], list[Start]] = {STOCK: [], OURS: []}
    for _ in range(_QUICK_REPEATS if quick else _REPEATS):
        for whose, each in starts.items():
            each.append(start_in_a_process(whose, directory))
    return summarized(starts[OURS], starts[STOCK])


def summarized(ours: list[Start], stock: list[Start]) -> list[Result]:
    """Return the medians: of the total, next to stock's, and of each phase."""
    return [*_compared(ours, stock), *_phases("ours", ours), *_phases("stock", stock)]


def _compared(ours: list[Start], stock: list[Start]) -> list[Result]:
    def compare(metric: Literal["ready_s", "first_audio_s", "ready_mb", "own_mb"]) -> Result:
        taken = [median(getattr(start, metric) for start in starts) for starts in (ours, stock)]
        return Result("coldstart", metric, *(round(value, 2) for value in taken))

    return [compare("ready_s"), compare("first_audio_s"), compare("ready_mb"), compare("own_mb")]


def _phases(whose: str, starts: list[Start]) -> list[Result]:
    """Return the median of each phase; their sum only approximates that of the total."""
    return [
        Result(f"coldstart/{whose}", f"{name}_s", round(median(start.phases[name] for start in starts), 2))
        for name in starts[0].phases
    ]
