"""``scripts/bench watermark``: cost of Perth's mark on a stream, compared with stock's ``apply_watermark``.

No checkpoint is used: Perth's weights are in its wheel, and the preview engine's espeak speaks.
"""

import contextlib
import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from benchmarks.report import Result, hardware, median_ms, print_table
from voices.clips.clip import Samples

RATE = 24_000
TEXT = "This is what the watermark is put on: speech of some seconds, so that it can be found again. " * 2
FIRST_BLOCK_SECONDS = 0.4
BLOCK_SECONDS = (0.04, 0.1, 0.4, 2.0)
EXACT_LOOKAHEAD = 15

Apply = Callable[[Samples], Samples]


def run(_checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` repeats less."""
    from worker.engine.chatterbox.watermark import Watermark

    speech = _speech()
    watermark = Watermark()
    stock_apply, confidence = _stock()
    repeats = 5 if quick else 20
    for apply in (watermark.apply, stock_apply):
        apply(speech)  # the first call compiles code for the process
    streamed = _stream(watermark, speech, FIRST_BLOCK_SECONDS)
    stock_marked = stock_apply(speech)
    first = speech[: _samples(FIRST_BLOCK_SECONDS)]
    return [
        Result("watermark/load", "ms", _load_ms(OUR_LOAD, repeats=3), _load_ms(STOCK_LOAD, repeats=3)),
        Result("watermark/first audio", "needed_ms", _needed_ms(watermark, speech, 0)),
        Result("watermark/first audio exact", "needed_ms", _needed_ms(watermark, speech, EXACT_LOOKAHEAD)),
        Result("watermark/held back at most", "ms", _held_back_ms(watermark, speech)),
        Result(
            f"watermark/first block={FIRST_BLOCK_SECONDS}s",
            "ms",
            median_ms(lambda: watermark.stream().process(first), repeats),
            median_ms(lambda: stock_apply(first), repeats),
        ),
        *(
            _block_cost(watermark, stock_apply, speech, seconds, repeats)
            for seconds in (*BLOCK_SECONDS, len(speech) / RATE)
        ),
        Result("watermark/detector", "confidence", confidence(streamed), confidence(stock_marked)),
        Result(
            "watermark/unlike stock's mark", "db", _distance_db(watermark.apply(speech), stock_marked, speech)
        ),
    ]


OUR_LOAD = "from worker.engine.chatterbox.watermark import Watermark; Watermark()"
STOCK_LOAD = "import perth; perth.PerthImplicitWatermarker()"


def _load_ms(statement: str, repeats: int) -> float:
    """Time the import and the reading of the weights, each time in a process with torch imported."""
    program = (
        "import time, torch\n"
        "began = time.perf_counter()\n"
        f"{statement}\n"
        "print(); print((time.perf_counter() - began) * 1000)"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    outputs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(repeats)]  # noqa: S603 - a fixed command
    return float(np.median([float(output.stdout.split()[-1]) for output in outputs]))


def _speech() -> Samples:
    from worker.engine.preview.espeak import EspeakVoice, shared_espeak

    espeak = shared_espeak()
    samples = np.concatenate(list(espeak.speak(TEXT, EspeakVoice("en-us", 165, 50))))
    return np.asarray(soxr.resample(samples, espeak.sample_rate, RATE), np.float32)


def _stock() -> tuple[Apply, Callable[[Samples], float]]:
    """Return stock's watermark and its detector, whose result is a confidence from 0 to 1."""
    import torch

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import perth

        stock: Any = perth.PerthImplicitWatermarker()

    @torch.inference_mode()
    def apply(samples: Samples) -> Samples:
        return np.asarray(stock.apply_watermark(samples, sample_rate=RATE), np.float32)

    @torch.inference_mode()
    def confidence(samples: Samples) -> float:
        return round(float(stock.get_watermark(samples, sample_rate=RATE, round=False)), 6)

    return apply, confidence


def _samples(seconds: float) -> int:
    return round(seconds * RATE)


def _stream(watermark: Any, speech: Samples, seconds: float) -> Samples:
    """Mark speech as a stream of blocks of this length."""
    stream, size = watermark.stream(), _samples(seconds)
    blocks = [stream.process(speech[start : start + size]) for start in range(0, len(speech), size)]
    return np.concatenate([*blocks, stream.flush()])


def _needed_ms(watermark: Any, speech: Samples, first_lookahead: int) -> float:
    """Return how much speech must have been fed before the first marked sample comes out."""
    stream, step = watermark.stream(first_lookahead=first_lookahead), RATE // 1000
    blocks = (speech[start : start + step] for start in range(0, len(speech), step))
    return float(next(taken for taken, block in enumerate(blocks, 1) if len(stream.process(block))))


def _held_back_ms(watermark: Any, speech: Samples) -> float:
    stream, step = watermark.stream(), RATE // 1000
    held = [0]
    for start in range(0, len(speech), step):
        block = speech[start : start + step]
        held.append(held[-1] + len(block) - len(stream.process(block)))
    return max(held) / RATE * 1000


def _block_cost(watermark: Any, stock_apply: Apply, speech: Samples, seconds: float, repeats: int) -> Result:
    """Compare the cost of a second of audio within a stream with stock's, piece by piece.

    Stock's pieces have the same length; they click at their seams, so only the cost is comparable.
    """
    size = min(_samples(seconds), len(speech))
    block = speech[-size:]
    stream = watermark.stream()
    stream.process(speech)
    ours = median_ms(lambda: stream.process(block), repeats)
    stock = median_ms(lambda: stock_apply(block), repeats) if size > RATE // 20 else None
    per_second = RATE / size
    return Result(
        f"watermark/block={size / RATE:.3g}s",
        "per_second_ms",
        round(ours * per_second, 3),
        None if stock is None else round(stock * per_second, 3),
    )


def _distance_db(ours: Samples, stock: Samples, speech: Samples) -> float:
    """Return in dB how far below our mark its difference from stock's is, without the resampled ends."""
    inner = slice(RATE // 10, len(stock) - RATE // 10)
    powers = [np.mean((ours[inner] - other[inner]) ** 2, dtype=np.float64) for other in (stock, speech)]
    return round(float(10 * np.log10(powers[0] / powers[1])), 1)


if __name__ == "__main__":
    print_table(run(None, quick="--quick" in sys.argv))
    print(hardware())  # noqa: T201 - the command's output
