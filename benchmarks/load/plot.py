"""The plot of ``scripts/bench load``: waits over time, listeners, and percentiles by offered load."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.load.figures import PERCENTILES, at_once, figures_of, first_audio_ms, listening
from benchmarks.load.measuring import Measured
from benchmarks.report import hardware, save_figure

_COLOURS = {50: "#0072B2", 90: "#009E73", 95: "#D55E00", 99: "#CC79A7"}
_GOAL, _TEXT = "#56606B", "#222222"
_FEWEST, _PARTS = 5, 12


def plot_load(cases: Sequence[Measured], shown: Measured, goal_ms: float, file: Path) -> None:
    """Draw a PNG file of one case over time, and of all cases if there are several; raises ``OSError``."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        count = 3 if len(cases) > 1 else 2
        figure = Figure(figsize=(6 * count, 5), dpi=130, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        waits, listeners, *sweep = figure.subplots(1, count, squeeze=False)[0]
        _draw_waits(waits, shown, goal_ms)
        _draw_listeners(listeners, shown)
        for axes in sweep:
            _draw_percentiles(axes, cases, goal_ms)
        machine = hardware()
        where = machine["gpu"] if machine["gpu"] != "none" else f"{machine['cores']} cores, {machine['cpu']}"
        figure.suptitle(f"{shown.name}, asked from {where}", color=_TEXT)
        save_figure(figure, file)


def _draw_waits(axes: Any, case: Measured, goal_ms: float) -> None:
    """Draw each request's wait, and percentiles for each interval that has requests."""
    heard = [each for each in case.heard if each.first_audio_s is not None]
    axes.plot(
        [each.planned.due_s for each in heard], first_audio_ms(heard), ".", color=_COLOURS[50], alpha=0.35
    )
    edges = np.linspace(0, case.clock.seconds, _PARTS + 1)
    for percent in (50, 95):
        points = []
        for begin, end in pairwise(edges):
            part = first_audio_ms(each for each in heard if begin <= each.planned.due_s < end)
            if len(part) >= _FEWEST:
                points.append(((begin + end) / 2, np.percentile(part, percent)))
        if points:
            axes.plot(*zip(*points, strict=True), color=_COLOURS[percent], label=f"p{percent}")
    axes.axvspan(0, case.clock.warm_up_s, color=_GOAL, alpha=0.1, linewidth=0)
    _finish_waits(axes, goal_ms)
    axes.set_xlabel("seconds; a dot is a request, when it was due")


def _draw_listeners(axes: Any, case: Measured) -> None:
    asked = [(each.planned.due_s, each.planned.due_s + each.total_s) for each in case.heard]
    for name, spans, colour in (
        ("listening", listening(case.heard), _COLOURS[95]),
        ("being spoken", asked, _COLOURS[50]),
    ):
        if steps := at_once(spans):
            axes.step(*zip(*steps, strict=True), where="post", color=colour, label=name)
    axes.set_xlabel("seconds")
    axes.set_ylabel("at once")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)


def _draw_percentiles(axes: Any, cases: Sequence[Measured], goal_ms: float) -> None:
    ordered = sorted(cases, key=lambda case: case.rate)
    by_case = [{each.metric: each.ours for each in figures_of(case)} for case in ordered]
    for percent in PERCENTILES:
        points = [
            (case.rate, figures[name])
            for case, figures in zip(ordered, by_case, strict=True)
            if (name := f"first_audio_p{percent}_ms") in figures
        ]
        if points:
            axes.plot(*zip(*points, strict=True), color=_COLOURS[percent], marker="o", label=f"p{percent}")
    stuttering = [
        (case.rate, figures["first_audio_p95_ms"])
        for case, figures in zip(ordered, by_case, strict=True)
        if figures["underruns"] and "first_audio_p95_ms" in figures
    ]
    if stuttering:
        axes.plot(
            *zip(*stuttering, strict=True), "x", color=_TEXT, markersize=10, label="with underruns", zorder=3
        )
    _finish_waits(axes, goal_ms)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.2g}")
    axes.set_xlabel("requests asked for in a second")


def _finish_waits(axes: Any, goal_ms: float) -> None:
    axes.axhline(goal_ms, color=_GOAL, linestyle="--", linewidth=0.8, label=f"goal: {goal_ms:g} ms")
    axes.set_yscale("log")
    for axis_ticks in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        axis_ticks("{x:g}")
    axes.set_ylabel("ms to first audio")
    axes.legend(fontsize=8, frameon=False)
