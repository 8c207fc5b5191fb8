"""Computes figures from the received speech."""

from collections.abc import Sequence
from math import log
from statistics import mean, median, quantiles
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report import Result
from benchmarks.stock import StockRun, StockSpoken

if TYPE_CHECKING:
    from benchmarks.stream.listeners import StreamHeard
    from benchmarks.stream.ours import OurRun, StreamMeasured


class StreamResults(list[Result]):
    """The figures, and further data for the plot."""

    def __init__(self, results: Sequence[Result] = ()) -> None:
        super().__init__(results)
        self.traces: dict[str, list[StreamHeard]] = {}
        """The listeners of each case's last round."""


def figures_of(measured: "StreamMeasured", stock: StockSpoken) -> list[Result]:
    """Return a case's figures; stock's latencies only for one stream."""
    case, heard = measured.case, [each for round_ in measured.rounds for each in round_.heard]
    firsts = [each.ttfa_s * 1000 for each in heard]
    rate = stock.audio_s_per_s
    stock_total_s, stock_rtf = (stock.total_s, 1 / rate) if case.streams == 1 else (None, None)
    stock_first = None if stock_total_s is None else stock_total_s * 1000

    def result(metric: str, ours: float, stock: float | None = None) -> Result:
        return Result(case.name, metric, round(ours, 3), None if stock is None else round(stock, 3))

    results = [
        result("ttfa_ms", median(firsts), stock_first),
        result("ttfa_p95_ms", percentile_95(firsts)),
        result("total_s", median(each.total_s for each in heard), stock_total_s),
        result("rtf", median(each.total_s / each.audio_s for each in heard), stock_rtf),
        result("audio_s_per_s", median(each.audio_s_per_s for each in measured.rounds), rate),
        result("underruns", mean(each.underruns for each in heard)),
        result("underrun_s", mean(each.underrun_s for each in heard)),
        result("memory_mb", measured.memory_mb),
    ]
    if measured.vram_mb is not None:
        results.append(result("vram_mb", measured.vram_mb))
    return results


def startup_figures(ours: "OurRun", stock: StockRun) -> list[Result]:
    """Return the figures of start-up and memory."""
    pairs = {
        ("stream/ready", "import_s"): (ours.startup.import_s, stock.startup.import_s),
        ("stream/ready", "load_s"): (ours.startup.load_s, stock.startup.load_s),
        ("stream/ready", "ready_s"): (
            ours.startup.import_s + ours.startup.load_s,
            stock.startup.import_s + stock.startup.load_s,
        ),
        ("stream/first request", "ttfa_s"): (ours.startup.first_audio_s, stock.startup.first_audio_s),
        ("stream/memory", "peak_mb"): (ours.peak_mb, stock.peak_mb),
    }
    results = [Result(*names, *(round(value, 3) for value in values)) for names, values in pairs.items()]
    peaks = [each.vram_mb for each in ours.measured if each.vram_mb is not None]
    if peaks:
        results.append(Result("stream/memory", "vram_mb", round(max(peaks), 1), stock.vram_mb))
    return [*results, Result("stream/memory", "loaded_mb", round(ours.loaded_mb, 1))]


def length_exponent(measured: Sequence["StreamMeasured"]) -> list[Result]:
    """Return the exponent by which one stream's total grows with the seconds of audio; 1 is linear.

    Empty if only one length was measured.
    """
    results = []
    for whole in (False, True):
        heard = [
            each
            for one in measured
            if one.case.streams == 1 and one.case.whole is whole
            for round_ in one.rounds
            for each in round_.heard
        ]
        exponent = fitted_exponent([each.audio_s for each in heard], [each.total_s for each in heard])
        if exponent is not None:
            name = "whole" if whole else "stream"
            results.append(Result(f"{name}/n=1/growth with length", "exponent", round(exponent, 3)))
    return results


def fitted_exponent(amounts: Sequence[float], costs: Sequence[float]) -> float | None:
    """Return b of ``cost = a * amount ** b``, by least squares of the logarithms.

    None if all amounts are nearly the same, which determines no slope.
    """
    if not amounts or max(amounts) < 2 * min(amounts):
        return None
    slope, _ = np.polyfit([log(each) for each in amounts], [log(each) for each in costs], 1)
    return float(slope)


def percentile_95(values: Sequence[float]) -> float:
    """Return the 95th percentile, interpolated; the value itself if there is only one."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
