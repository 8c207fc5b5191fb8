"""The plot of ``scripts/bench stream``: first audio by streams, and the listeners' buffers."""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.report import Result, hardware, save_figure
from benchmarks.stream.figures import StreamResults
from benchmarks.stream.listeners import StreamHeard

_MEDIAN, _P95, _STOCK, _TEXT = "#0072B2", "#D55E00", "#56606B", "#222222"
_CASE = re.compile(r"stream/n=(\d+)/10s")


def plot_streams(results: list[Result], file: Path) -> None:
    """Draw a PNG file of the 10 s cases; raises ``OSError`` if it cannot be written."""
    traces = results.traces if isinstance(results, StreamResults) else {}
    heard = {int(match[1]): of for name, of in traces.items() if (match := _CASE.fullmatch(name))}
    shown = sorted({min(heard), max(heard)}) if heard else []
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6 * (1 + len(shown)), 5), dpi=130, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        latency, *buffers = figure.subplots(1, 1 + len(shown), squeeze=False)[0]
        _draw_latency(latency, results)
        for axes, streams in zip(buffers, shown, strict=True):
            _draw_buffers(axes, heard[streams], streams)
        machine = hardware()
        where = machine["gpu"] if machine["gpu"] != "none" else f"{machine['cores']} cores, {machine['cpu']}"
        figure.suptitle(f"Chatterbox Turbo, 10 s of speech ({where})", color=_TEXT)
        save_figure(figure, file)


def _draw_latency(axes: Any, results: list[Result]) -> None:
    median, worst = (_by_streams(results, metric) for metric in ("ttfa_ms", "ttfa_p95_ms"))
    axes.plot([*median], [*median.values()], color=_MEDIAN, marker="o", label="median")
    axes.plot([*worst], [*worst.values()], color=_P95, marker="^", linestyle=":", label="95th percentile")
    stock = [each.stock for each in results if _CASE.fullmatch(each.case) and each.metric == "ttfa_ms"]
    if (single := next((each for each in stock if each is not None), None)) is not None:
        axes.axhline(single / 1000, color=_STOCK, linestyle="--", label="stock: one stream, all of it first")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for axis_ticks in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        axis_ticks("{x:g}")
    axes.set_xticks([*median], [str(streams) for streams in median])
    axes.set_xlabel("streams at once")
    axes.set_ylabel("seconds to first audio")
    axes.legend(fontsize=8, frameon=False)


def _draw_buffers(axes: Any, heard: list[StreamHeard], streams: int) -> None:
    """Draw each listener's remaining audio; below the line there is none, and the listener waits."""
    for each in heard:
        axes.plot(*zip(*each.buffer, strict=True), color=_MEDIAN, linewidth=1, alpha=max(0.25, 1 / streams))
    axes.axhline(0, color=_STOCK, linewidth=0.8)
    axes.axhspan(min(axes.get_ylim()[0], -0.1), 0, color=_P95, alpha=0.1, linewidth=0)
    waits = sum(each.underrun_s for each in heard) / len(heard)
    name = "one stream" if streams == 1 else f"{streams} streams at once"
    axes.set_title(f"{name}: a listener waits {waits:.1f} s", fontsize=10, color=_TEXT)
    axes.set_xlabel("seconds since the request")
    axes.set_ylabel("seconds of audio left to play")


def _by_streams(results: list[Result], metric: str) -> dict[int, float]:
    """Return seconds, keyed by streams."""
    return {
        int(match[1]): each.ours / 1000
        for each in results
        if (match := _CASE.fullmatch(each.case)) and each.metric == metric
    }
