"""The plot of ``scripts/bench t3``: tokens per second by batch, stock's line and the roofline."""

import re
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.report import Result, hardware, save_figure

_COLOURS = {"int8": "#0072B2", "bfloat16": "#009E73", "float32": "#D55E00", "float16": "#CC79A7"}
_MARKERS = {"int8": "o", "bfloat16": "s", "float32": "^", "float16": "v"}
_STOCK, _TEXT = "#56606B", "#222222"
_CASE = re.compile(r"t3/(\w+)/batch=(\d+)")
_REAL_TIME = 25  # speech tokens per second


def plot_tokens_per_second(results: list[Result], file: Path) -> None:
    """Draw a line for each precision to a PNG file; raises ``OSError`` if it cannot be written."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8, 5), dpi=130, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for precision in _precisions(results):
            speed = _by_batch(results, precision, "tokens_per_s")
            floor = _by_batch(results, precision, "roofline_ms")
            colour = _COLOURS[precision]
            axes.plot([*speed], [*speed.values()], color=colour, marker=_MARKERS[precision], label=precision)
            reachable = [batch / ms * 1000 for batch, ms in floor.items()]
            label = f"{precision}: roofline of its weights"
            axes.plot([*floor], reachable, color=colour, linestyle=":", label=label)
        stock = next(each.stock for each in results if _CASE.fullmatch(each.case) and each.stock)
        axes.axhline(stock, color=_STOCK, linestyle="--", label="stock: one stream after another")
        axes.axhline(_REAL_TIME, color=_STOCK, linewidth=0.7)
        axes.annotate("one stream in real time", (1, _REAL_TIME), color=_TEXT, fontsize=8, va="bottom")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks([*speed], [str(batch) for batch in speed])
        axes.set_xlabel("streams decoded side by side")
        axes.set_ylabel("speech tokens a second, all streams")
        machine = hardware()
        where = machine["gpu"] if machine["gpu"] != "none" else f"{machine['cores']} cores, {machine['cpu']}"
        axes.set_title(f"T3 decoding ({where})", color=_TEXT)
        figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
        save_figure(figure, file)


def _precisions(results: list[Result]) -> list[str]:
    """Return them in the order of their measurement."""
    return list(dict.fromkeys(match[1] for each in results if (match := _CASE.fullmatch(each.case))))


def _by_batch(results: list[Result], precision: str, metric: str) -> dict[int, float]:
    return {
        int(match[2]): each.ours
        for each in results
        if (match := _CASE.fullmatch(each.case)) and match[1] == precision and each.metric == metric
    }
