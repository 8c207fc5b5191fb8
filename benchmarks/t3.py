"""``scripts/bench t3``: speech tokens per second, compared with stock's ``inference_turbo``.

Both decode the same text in the same voice with the same options, alternately, so that other load on the
machine affects both. Stock decodes one stream at a time: for n streams it makes as many tokens per second as
for one, which is its figure at every batch.

The roofline is the minimum time of a step: every weight is read once, at the memory bandwidth measured in the
same run. Keys and values are read in addition, for each stream its own.
"""

import os
from collections.abc import Callable
from contextlib import nullcontext, redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.checkpoint import find_or_write
from benchmarks.report import Result

if TYPE_CHECKING:
    import torch

    from benchmarks.t3_ours import Samples
    from worker.engine.chatterbox.t3.model import T3

BATCHES = (1, 2, 4, 8, 16)
GPU_BATCHES = (*BATCHES, 32, 64)
HEADLINES = (1, 8)
SLOT_LENGTH = 704
"""Positions for the longest voice, such a text and 10 s of speech."""

_STEPS = 24
_ROUNDS = 3
_BANDWIDTH_BYTES = 1 << 29
"""Far larger than any cache."""


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` takes only the headline batches in the default precision."""
    import torch

    from benchmarks.t3_divergence import divergences
    from benchmarks.t3_ours import Ours, Samples
    from worker.engine.checkpoint import T3_FILE
    from worker.engine.precision import T3Precision

    directory = find_or_write(checkpoint, "full")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    default = T3Precision.AUTO.resolved(device)
    precisions = [default] if quick else [default, *_others(device, default)]
    batches = HEADLINES if quick else (GPU_BATCHES if device.type == "cuda" else BATCHES)
    torch.manual_seed(0)
    stock, stock_mb = _weighed(device, lambda: _load_stock(directory, device))
    ours: dict[T3Precision, Ours] = {}
    ours_mb: dict[T3Precision, float] = {}
    for precision in precisions:
        load = partial(Ours.load, directory / T3_FILE, device, precision)
        ours[precision], ours_mb[precision] = _weighed(device, load)
    samples = Samples()
    before = _memory_mb(device)
    for turn in range(_ROUNDS + 1):
        warm = samples if turn else Samples()  # the first call includes one-time costs of the process
        warm.add("memory", "gb_per_s", _bandwidth(device))
        _measure_stock(stock, ours[default], warm)
        for each in ours.values():
            each.measure(batches, _STEPS, warm)
    growth = _memory_mb(device) - before
    results = []
    for precision in precisions:
        names = [f"t3/{precision.value}", *(["t3"] if precision is default else [])]
        for name in names:
            results += _decoding(name, ours[precision], batches, samples)
    results += _beside_decoding(ours, default, samples)
    results += [
        Result(f"t3/memory/{precision.value}", "loaded_mb", ours_mb[precision], stock_mb)
        for precision in precisions
    ]
    results.append(Result("t3/memory/whole run", "growth_mb", round(growth, 1)))
    if not quick:
        results += divergences(
            {precision: each.t3 for precision, each in ours.items()}, ours[default].utterance
        )
    return results


def plot(results: list[Result], file: Path) -> None:
    """Draw tokens per second by batch."""
    from benchmarks.t3_plot import plot_tokens_per_second

    plot_tokens_per_second(results, file)


def _others(device: "torch.device", default: Any) -> list[Any]:
    """Return the device's other fast precisions."""
    from worker.engine.precision import T3Precision

    last = T3Precision.INT8 if device.type == "cpu" else T3Precision.FLOAT16
    return [each for each in (T3Precision.FLOAT32, T3Precision.BFLOAT16, last) if each is not default]


def _load_stock(directory: Path, device: "torch.device") -> Any:
    """Load stock's T3 as its users do, and free the rest of it."""
    from synthetic.checkpoint import MARKER_FILE, small_gpt2_medium
    from worker.engine.chatterbox.upstream import without_warnings

    small = (directory / MARKER_FILE).exists() and directory.name == "small"
    with small_gpt2_medium() if small else nullcontext(), without_warnings():
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        return ChatterboxTurboTTS.from_local(directory, device.type).t3


def _measure_stock(stock: Any, ours: Any, samples: "Samples") -> None:
    """Time stock's prefill with one token, and the steps after it."""
    from synthetic.stock import T3Cond

    def decode(steps: int) -> tuple[float, int]:
        conditionals = T3Cond(speaker_emb=ours.speaker, cond_prompt_speech_tokens=ours.prompt)
        began = perf_counter()
        tokens = stock.inference_turbo(conditionals, ours.text[None], max_gen_len=steps)
        return perf_counter() - began, tokens.shape[1] - 1

    import torch

    with redirect_stderr(StringIO()), torch.inference_mode():  # it draws a progress bar
        prefill, _ = decode(0)
        whole, steps = decode(_STEPS)
    samples.add("stock", "prefill_ms", prefill * 1000)
    samples.add("stock", "step_ms", (whole - prefill) / steps * 1000)


def _decoding(name: str, ours: Any, batches: tuple[int, ...], samples: "Samples") -> list[Result]:
    stock_ms = samples.of("stock", "step_ms")
    bandwidth = max(samples.taken["memory", "gb_per_s"])
    floor_ms = step_bytes(ours.t3) / bandwidth / 1e6
    results = []
    for batch in batches:
        case, step_ms = f"{name}/batch={batch}", samples.of(ours.name, f"batch={batch}")
        results += [
            Result(case, "tokens_per_s", round(batch / step_ms * 1000, 2), round(1000 / stock_ms, 2)),
            # Stock makes a token for each stream, one after the other.
            Result(case, "step_ms", round(step_ms, 2), round(stock_ms * batch, 2)),
            Result(case, "roofline_ms", round(floor_ms, 2)),
            Result(case, "share_of_roofline", round(floor_ms / step_ms, 3)),
        ]
    return results


def _beside_decoding(ours: dict[Any, Any], default: Any, samples: "Samples") -> list[Result]:
    from worker.engine.chatterbox.t3.decoder import cache_dtype
    from worker.engine.chatterbox.t3.kv_cache import KVCache

    stock_ms = round(samples.of("stock", "prefill_ms"), 2)
    best = ours[default]
    slot = KVCache.bytes_per_slot(best.t3.sizes, SLOT_LENGTH, cache_dtype(best.t3)) / 1e6
    results = [Result("t3/bandwidth", "gb_per_s", round(max(samples.taken["memory", "gb_per_s"]), 1))]
    for precision, each in ours.items():
        for what in ("whole", "on the voice's prefix"):
            ms = round(samples.of(each.name, f"prefill {what}"), 2)
            results.append(Result(f"t3/prefill/{precision.value}/{what}", "ms", ms, stock_ms))
    results.append(Result(f"t3/memory/slot of {SLOT_LENGTH} positions", "mb", round(slot, 1)))
    return results


def step_bytes(t3: "T3") -> int:
    """Return the bytes of weights that a decode step reads: those of the layers and the speech head."""
    from worker.engine.precision import T3Precision

    sizes = t3.sizes
    itemsize = 1 if t3.precision is T3Precision.INT8 else t3.precision.dtype.itemsize
    layer = 12 * sizes.width**2  # 3 to attend, 1 out of attention, 4 to expand, 4 to contract
    return sizes.layers * layer * itemsize + sizes.speech_vocabulary * sizes.width * 4


def _bandwidth(device: "torch.device") -> float:
    """Return the memory bandwidth in GB/s, with all cores and beyond any cache."""
    import torch

    buffer = torch.ones(_BANDWIDTH_BYTES // 4, device=device)
    taken = []
    for _ in range(4):
        began = perf_counter()
        buffer.sum().item()
        taken.append(perf_counter() - began)
    return _BANDWIDTH_BYTES / min(taken) / 1e9


def _weighed(device: "torch.device", load: Callable[[], Any]) -> tuple[Any, float]:
    before = _memory_mb(device)
    loaded = load()
    return loaded, round(_memory_mb(device) - before, 1)


def _memory_mb(device: "torch.device") -> float:
    """Return the memory in use: the device's, or this process's."""
    import gc

    import torch

    gc.collect()
    if device.type == "cuda":
        return torch.cuda.memory_allocated() / 1e6
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
