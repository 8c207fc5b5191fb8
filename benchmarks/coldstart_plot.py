"""The plot of ``scripts/bench coldstart``: the phases of both starts, end to end."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.report import Result, hardware, save_figure

_TEXT = "#222222"
_COLOURS = {
    "Python": "#56606B",
    "torch": "#D55E00",
    "imports": "#E69F00",
    "watermark": "#CC79A7",
    "T3": "#0072B2",
    "S3Gen": "#56B4E9",
    "slots": "#F0E442",
    "warm-up": "#009E73",
    "from_local": "#999999",
}
_NARROW = 0.04
"""Fraction of the width below which a phase gets no label."""


def plot_phases(results: list[Result], file: Path) -> None:
    """Draw a bar for each start, with its phases in order, to a PNG file; raises ``OSError`` if it cannot."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 3.2), dpi=130, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        bars = {whose: _phases(results, whose) for whose in ("ours", "stock")}
        longest = max(sum(phases.values()) for phases in bars.values())
        for whose, phases in bars.items():
            begin = 0.0
            for name, seconds in phases.items():
                axes.barh(whose, seconds, left=begin, color=_COLOURS[name], label=name, height=0.6)
                if seconds > _NARROW * longest:
                    axes.text(begin + seconds / 2, whose, f"{seconds:.1f}", ha="center", va="center")
                begin += seconds
        axes.set_xlabel("seconds since the process began")
        machine = hardware()
        where = machine["gpu"] if machine["gpu"] != "none" else f"{machine['cores']} cores, {machine['cpu']}"
        axes.set_title(f"Chatterbox Turbo until it can speak ({where})", color=_TEXT)
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        figure.legend(unique.values(), unique, loc="outside lower center", ncols=9, fontsize=8, frameon=False)
        save_figure(figure, file)


def _phases(results: list[Result], whose: str) -> dict[str, float]:
    """Return seconds by name, in order."""
    return {
        each.metric.removesuffix("_s"): each.ours for each in results if each.case == f"coldstart/{whose}"
    }
