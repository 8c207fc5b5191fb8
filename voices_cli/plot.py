"""The plot of a preparation: waveforms, levels, kept parts and the verdict.

Matplotlib is the extra ``plot``; its Agg backend needs no display. The colours are from the Okabe-Ito
palette for colour-blind readers, and none carries information alone.
"""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from voices.clips.assessment import Assessment
from voices.clips.findings import Finding
from voices.clips.levels import FRAMES_PER_SECOND
from voices.clips.preparation import Examination
from voices.clips.selection import Kept
from voices.whole_file import WholeFile

_WAVE, _KEPT, _LEVEL, _CLIPPED, _TEXT = "#56606B", "#0072B2", "#D55E00", "#CC0000", "#222222"
_COLUMNS = 1600
"""Columns of the waveform, about one a pixel; each shows its samples' minimum and maximum."""
_LOWEST_DB = -80.0
"""Lower levels are drawn at this level."""
_RECORDING_INCHES, _HEADER_INCHES, _LINE_INCHES = 3.6, 0.7, 0.22
_WIDTH_INCHES = 12.0
_WRAP = 135


def plot_preparation(examination: Examination, path: Path) -> None:
    """Plot an examination, usable or not, to a PNG file; raises ``OSError`` if it cannot be written."""
    lines = _words(examination)
    count = len(examination.assessments)
    text_inches = _LINE_INCHES * len(lines) + 0.3
    height = _HEADER_INCHES + _RECORDING_INCHES * count + text_inches
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=130, facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            count,
            1,
            left=0.07,
            right=0.98,
            top=1 - _HEADER_INCHES / height,
            bottom=(text_inches + 0.45) / height,
            hspace=0.32,
        )
        for index, assessment in enumerate(examination.assessments):
            kept = next((each for each in _of(examination, index)), None)
            rows = grid[index].subgridspec(2, 1, height_ratios=[2, 1.3], hspace=0.12)
            wave = figure.add_subplot(rows[0])
            _draw_wave(wave, assessment, kept)
            _draw_level(figure.add_subplot(rows[1], sharex=wave), assessment, kept)
        figure.text(0.02, 1 - 0.3 / height, _title(examination), fontsize=13, weight="bold", color=_TEXT)
        for row, (line, bold) in enumerate(lines):
            figure.text(
                0.02,
                (text_inches - 0.1 - _LINE_INCHES * (row + 0.5)) / height,
                line,
                weight="bold" if bold else "normal",
                color=_TEXT,
            )
        with WholeFile(path) as whole:
            figure.savefig(whole.file, format="png")


def _draw_wave(axes: Any, assessment: Assessment, kept: Kept | None) -> None:
    clip = assessment.recording
    step = max(len(clip.samples) // _COLUMNS, 1)
    columns = clip.samples[: len(clip.samples) // step * step].reshape(-1, step)
    times = np.arange(len(columns)) * step / clip.sample_rate
    axes.fill_between(
        times, columns.min(axis=1), columns.max(axis=1), color=_WAVE, linewidth=0.4, edgecolor=_WAVE
    )
    top = max(float(np.abs(clip.samples).max(initial=0)) * 1.1, 0.01)
    _shade_kept(axes, kept, label=True)
    clipped = np.flatnonzero(assessment.clipped) / FRAMES_PER_SECOND
    if clipped.size:
        axes.plot(
            clipped, np.full(len(clipped), top * 1.08), "v", color=_CLIPPED, markersize=5, clip_on=False
        )
        axes.annotate("clipped ▾", (1.0, 1.05), xycoords="axes fraction", ha="right", color=_CLIPPED)
    axes.set_ylim(-top, top * 1.12)
    axes.set_xlim(0, max(clip.seconds, 0.1))
    axes.set_ylabel("waveform")
    axes.tick_params(labelbottom=False)
    axes.set_title(_numbers(assessment), loc="left", fontsize=9, color=_TEXT, pad=8)


def _draw_level(axes: Any, assessment: Assessment, kept: Kept | None) -> None:
    levels = np.maximum(assessment.activity.levels, _LOWEST_DB)
    times = (np.arange(len(levels)) + 0.5) / FRAMES_PER_SECOND
    axes.plot(times, levels, color=_LEVEL, linewidth=0.9)
    _shade_kept(axes, kept, label=False)
    # Speech is a bar along the bottom; its gaps are the pauses.
    spans = [
        (start / FRAMES_PER_SECOND, (end - start) / FRAMES_PER_SECOND)
        for start, end in assessment.activity.spans
    ]
    axes.broken_barh(spans, (_LOWEST_DB - 10, 6), color=_WAVE)
    axes.annotate(
        "speech", (0.003, _LOWEST_DB - 2), xycoords=("axes fraction", "data"), fontsize=7, color=_WAVE
    )
    axes.set_ylim(_LOWEST_DB - 11, 0)
    axes.set_yticks([0, -20, -40, -60, -80])
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_ylabel("level, dBFS")
    axes.set_xlabel("seconds")


def _shade_kept(axes: Any, kept: Kept | None, *, label: bool) -> None:
    for start, end in kept.spans if kept else ():
        axes.axvspan(start, end, color=_KEPT, alpha=0.16, linewidth=0)
        for at in (start, end):
            axes.axvline(at, color=_KEPT, linewidth=1.2, linestyle="--")
    if kept and label:
        axes.annotate(
            f"kept: {kept.seconds:.1f} s",
            (kept.start, 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 3),
            textcoords="offset points",
            color=_KEPT,
            weight="bold",
            bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5},
        )


def _of(examination: Examination, index: int) -> list[Kept]:
    """Return the kept part of the recording at ``index``; its name may not be unique."""
    return [each for each in examination.kept if each.index == index]


def _title(examination: Examination) -> str:
    if examination.prepared is None:
        return "Not usable as a voice"
    seconds = examination.prepared.facts.seconds
    verdict = "Usable, but could be better" if examination.findings else "Good"
    return f"{verdict}: a reference of {seconds:.1f} s at -27 LUFS"


def _numbers(assessment: Assessment) -> str:
    measured = assessment.measurements
    return (
        f"{_plain(assessment.name)}   {measured.seconds:.1f} s, {measured.speech_seconds:.1f} s of speech   "
        f"{measured.loudness_lufs:.0f} LUFS   peak {measured.peak_dbfs:.0f} dBFS   "
        f"SNR {measured.snr_db:.0f} dB   clipped {measured.clipped_share:.1%}   "
        f"bandwidth {measured.bandwidth_hz / 1000:.1f} kHz"
    )


def _words(examination: Examination) -> list[tuple[str, bool]]:
    """Return the lines of text below the plot, and whether each is bold."""
    lines = [line for finding in examination.findings for line in _wrapped(_said(finding), bold=True)]
    for kept in examination.kept if examination.prepared else ():
        said = f"Kept from {kept.clip}: {kept.start:.1f} to {kept.end:.1f} s. {'; '.join(kept.reasons)}."
        lines += _wrapped(said, bold=False)
    return lines


def _said(finding: Finding) -> str:
    where = f"{finding.clip}: " if finding.clip else ""
    return f"{finding.severity.capitalize()}: {where}{finding}"


def _wrapped(text: str, *, bold: bool) -> list[tuple[str, bool]]:
    return [(line, bold) for line in textwrap.wrap(_plain(text), _WRAP, subsequent_indent="    ")]


def _plain(text: str) -> str:
    """Escape ``$``, which begins a formula in matplotlib."""
    return text.replace("$", r"\$")
