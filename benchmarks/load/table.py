"""A load test's figures as a table, with one column per case."""

from collections import Counter
from collections.abc import Iterator, Sequence

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.load.figures import LATE_MS, figures_of, late_p99_ms
from benchmarks.load.measuring import Measured

_LABEL_WIDTH, _CELL_WIDTH = 32, 9
_NOT_MEASURED = "-"

_ROWS = (
    ("requests", "requests"),
    ("requests asked for in a second", "offered_per_s"),
    ("  complete", "achieved_per_s"),
    ("listeners at once: mean", "listeners_mean"),
    ("  most", "listeners_peak"),
    ("seconds of audio in a second", "audio_s_per_s"),
    ("first audio, ms: p50", "first_audio_p50_ms"),
    ("  p95", "first_audio_p95_ms"),
    ("  p99", "first_audio_p99_ms"),
    ("  in the worker: p50", "worker_first_audio_p50_ms"),
    ("  p95", "worker_first_audio_p95_ms"),
    ("all of it, s: p50", "total_p50_s"),
    ("  p95", "total_p95_s"),
    ("underruns in 1,000 s", "underruns_per_1000_s"),
    ("errors", "errors"),
    ("asked late by, ms: p99", "late_p99_ms"),
    ("memory, MB: begin", "memory_begin_mb"),
    ("  end", "memory_end_mb"),
    ("  peak", "memory_peak_mb"),
    ("GPU memory, MB: peak", "vram_peak_mb"),
)


def print_cases(cases: Sequence[Measured]) -> None:
    """Print the cases side by side, with remarks."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(cases[0].name.removeprefix("load/").partition("=")[0], no_wrap=True)
    for case in cases:
        table.add_column(case.name.partition("=")[2], justify="right", no_wrap=True)
    figures = [{each.metric: each.ours for each in figures_of(case)} for case in cases]
    for label, metric in _ROWS:
        cells = [_write(of_case.get(metric)) for of_case in figures]
        if set(cells) != {_NOT_MEASURED}:
            table.add_row(label, *cells)
    console = Console()
    console.width = max(console.width, _LABEL_WIDTH + _CELL_WIDTH * len(cases))  # unreadable if wrapped
    console.print(table)
    for case in cases:
        for line in remarks(case):
            typer.echo(f"{case.name.removeprefix('load/')}: {line}")


def remarks(case: Measured) -> Iterator[str]:
    """Return remarks on the errors, and on whether the sending machine was the limit."""
    messages: dict[str, str] = {}
    for each in case.counted:
        if each.error is not None:
            messages.setdefault(each.error, each.error_message)
    codes = Counter(each.error for each in case.counted if each.error is not None)
    for code, count in codes.most_common():
        yield f"{count} x {code}, such as: {messages[code]}"
    late = late_p99_ms(case)
    if late > LATE_MS:
        yield f"this machine sent requests {late:,.0f} ms late at p99: it may itself be the limit"


def _write(value: float | None) -> str:
    if value is None:
        return _NOT_MEASURED
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004
