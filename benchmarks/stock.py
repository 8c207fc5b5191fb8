"""The stock library's ``ChatterboxTurboTTS.generate``, timed in a separate process."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.checkpoint import stock_finds_its_sizes
from benchmarks.memory import peak_mb, vram_mb


@dataclass(frozen=True)
class Startup:
    """From a fresh process to the first audio, in seconds."""

    import_s: float
    load_s: float
    first_audio_s: float
    """Time of the first utterance in the process, including one-time costs."""


@dataclass
class StockSpoken:
    """One text's utterances, one for each repetition."""

    totals_s: list[float] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)

    @property
    def total_s(self) -> float:
        """Return the median; also the time to first audio, since ``generate`` returns all audio at once."""
        return median(self.totals_s)

    @property
    def audio_s_per_s(self) -> float:
        """Return the rate for any number of streams: stock speaks one after another."""
        return median(audio / total for audio, total in zip(self.audio_s, self.totals_s, strict=True))


@dataclass(frozen=True)
class StockRun:
    """Stock's timings with one checkpoint."""

    startup: Startup
    spoken: dict[str, StockSpoken]
    peak_mb: float
    vram_mb: float | None


def speak_with_stock(checkpoint: Path, texts: dict[str, list[str]], repeats: int) -> StockRun:
    """Speak each text, chunk by chunk, ``repeats`` times after one warm-up utterance."""
    with quietly():
        began = perf_counter()
        import torch
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        imported = perf_counter()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with stock_finds_its_sizes(checkpoint):
            stock: Any = ChatterboxTurboTTS.from_local(checkpoint, device)
        loaded = perf_counter()
        stock.generate(next(iter(texts.values()))[0])
        startup = Startup(imported - began, loaded - imported, perf_counter() - loaded)
        spoken = {name: StockSpoken() for name in texts}
        for name, text_chunks in texts.items():
            for _ in range(repeats):
                began = perf_counter()
                samples = sum(stock.generate(text_chunk).shape[-1] for text_chunk in text_chunks)
                spoken[name].totals_s.append(perf_counter() - began)
                spoken[name].audio_s.append(samples / stock.sr)
    return StockRun(startup, spoken, peak_mb(), vram_mb(peak=True))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Hide stock's progress bars, its prints and its dependencies' deprecations."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
