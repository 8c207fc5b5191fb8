"""``scripts/bench stream``: whole requests through the worker's service, beside stock's ``generate``.

Both mark what they speak, and each runs in processes of its own, so that neither's memory, imports
or warm caches are the other's. Ours is what a client hears: a job's input goes in, and the clock runs
until the event is out, through the request's thread, T3, S3Gen, the watermark and the encoder (PCM).

Stock returns an utterance in one piece: its time to first audio is its total. It speaks one text after
another: of n streams it makes as many seconds of audio a second as of one. What n of its streams
would wait is not claimed, so latencies have a stock figure at one stream alone.

``stream/...`` is ``"stream": true`` and ``whole/...`` is false. 60 s are six text chunks of 10 s, for
stock six calls. The figures of a case, over all requests of its rounds:

ttfa_ms, ttfa_p95_ms     the job's arrival to its first audio event: median, 95th percentile
total_s                  to its last one, median
rtf                      total over seconds of audio, median
audio_s_per_s            of all streams together, median of the rounds
underruns, underrun_s    a request's, for a listener who plays from the first audio on: mean
memory_mb                what the process has of its own afterwards, mapped weights left out
"""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmarks.report import Result
from benchmarks.stream.cases import Length, full_cases, quick_cases
from benchmarks.stream.figures import StreamResults, figures_of, length_exponent, startup_figures

if TYPE_CHECKING:
    from benchmarks.stream.ours import OurRun

STOCK_REPEATS, QUICK_STOCK_REPEATS = 3, 1


def run(checkpoint: Path | None, *, quick: bool) -> StreamResults:
    """Measure; ``quick`` takes the headline cases alone. A named checkpoint speaks as long as it likes."""
    import torch

    from benchmarks.checkpoint import find_or_write_speaking, read_ahead
    from benchmarks.fresh_process import in_fresh_process
    from benchmarks.stock import speak_with_stock
    from benchmarks.stream.ours import speak_with_ours

    on_gpu = torch.cuda.is_available()
    cases = quick_cases() if quick else full_cases(on_gpu=on_gpu)
    results = StreamResults()
    runs: list[OurRun] = []
    # The 10 s first: what the start-up costs is told of them.
    for tokens in sorted({case.length.tokens for case in cases}, reverse=True):
        directory = find_or_write_speaking(checkpoint, tokens)
        read_ahead(directory)
        chosen = [case for case in cases if case.length.tokens == tokens]
        lengths: list[Length] = sorted({case.length for case in chosen})
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
    """Draw first audio by streams, and what listeners have to play over time."""
    from benchmarks.stream.plot import plot_streams

    plot_streams(results, file)
