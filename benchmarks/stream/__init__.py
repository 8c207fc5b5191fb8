"""``scripts/bench stream``: whole requests through the worker's service, compared with stock's ``generate``.

Both watermark their speech, and each runs in separate processes, so that they share neither memory,
imports nor warm caches. Ours is measured at the client: from a job's input until the event is out,
through the request's thread, T3, S3Gen, the watermark and the encoder (PCM).

Stock returns an utterance in one piece: its time to first audio is its total. It speaks one text after
another, so for n streams it makes as many seconds of audio per second as for one. We make no claim
about the latency of n stock streams: latencies have a stock figure for one stream only.

``stream/...`` is ``"stream": true`` and ``whole/...`` is false. 60 s are six text chunks of 10 s, for
stock six calls. The figures of a case, over all requests of its rounds:

ttfa_ms, ttfa_p95_ms     the job's arrival to its first audio event: median, 95th percentile
total_s                  to its last event, median
rtf                      total over seconds of audio, median
audio_s_per_s            over all streams together, median of the rounds
underruns, underrun_s    per request, for a player that starts at the first audio: mean
memory_mb                the process's own memory afterwards, without mapped weights
"""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmarks.report import Result
from benchmarks.stream.cases import CaseLength, full_cases, quick_cases
from benchmarks.stream.figures import StreamResults, figures_of, length_exponent, startup_figures

if TYPE_CHECKING:
    from benchmarks.stream.ours import OurRun

STOCK_REPEATS, QUICK_STOCK_REPEATS = 3, 1


def run(checkpoint: Path | None, *, quick: bool) -> StreamResults:
    """Run the benchmark; ``quick`` takes only the headline cases.

    A given checkpoint speaks as long as it likes.
    """
    import torch

    from benchmarks.checkpoint import find_or_write_speaking, read_ahead
    from benchmarks.fresh_process import in_fresh_process
    from benchmarks.stock import speak_with_stock
    from benchmarks.stream.ours import speak_with_ours

    on_gpu = torch.cuda.is_available()
    cases = quick_cases() if quick else full_cases(on_gpu=on_gpu)
    results = StreamResults()
    runs: list[OurRun] = []
    # The 10 s first: the start-up figures refer to them.
    for tokens in sorted({case.length.tokens for case in cases}, reverse=True):
        directory = find_or_write_speaking(checkpoint, tokens)
        read_ahead(directory)
        chosen = [case for case in cases if case.length.tokens == tokens]
        lengths: list[CaseLength] = sorted({case.length for case in chosen})
        texts = {length.name: list(length.text_chunks) for length in lengths}
        typer.echo(f"stock: {', '.join(texts)}", err=True)
        stock = in_fresh_process(
            speak_with_stock, directory, texts, QUICK_STOCK_REPEATS if quick else STOCK_REPEATS
        )
        ours = in_fresh_process(speak_with_ours, directory, chosen, quick=quick, expect=checkpoint is None)
        if not runs:
            results += startup_figures(ours, stock)
        runs.append(ours)
        for measured in ours.measured:
            results += figures_of(measured, stock.spoken[measured.case.length.name])
        results.traces |= {measured.case.name: measured.rounds[-1].heard for measured in ours.measured}
    results += length_exponent([measured for each in runs for measured in each.measured])
    return results


def plot(results: list[Result], file: Path) -> None:
    """Draw first audio by streams, and the listeners' remaining audio over time."""
    from benchmarks.stream.plot import plot_streams

    plot_streams(results, file)
