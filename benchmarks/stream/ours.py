"""Our side of ``scripts/bench stream``, in a separate process."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from benchmarks.memory import anonymous_mb, begin_vram_peak, peak_mb, vram_mb
from benchmarks.stock import Startup
from benchmarks.stream.cases import Case
from benchmarks.stream.listeners import Round, listen

if TYPE_CHECKING:
    from worker.service.service import SpeechService

_MOST_STREAMS = 64
_REQUESTS = {"quick": 2, "cpu": 8, "gpu": 32}
"""Requests of a case, over as many rounds as needed."""
_MOST_ROUNDS = 20


@dataclass(frozen=True)
class StreamMeasured:
    """A case's rounds, and the process's own memory afterwards."""

    case: Case
    rounds: list[Round]
    memory_mb: float
    vram_mb: float | None


@dataclass(frozen=True)
class OurRun:
    """Our worker's results with one checkpoint."""

    startup: Startup
    measured: list[StreamMeasured]
    loaded_mb: float
    """The process's own memory before it has spoken, without the weights of mapped files."""
    peak_mb: float


def speak_with_ours(checkpoint: Path, cases: list[Case], *, quick: bool, expect: bool) -> OurRun:
    """Measure the cases after one warm-up utterance.

    With ``expect``, each utterance must have its length's speech tokens.
    """
    began = perf_counter()
    import worker.engine.chatterbox.turbo  # noqa: F401 - the service imports it as it starts
    from worker.service.service import SpeechService
    from worker.settings import Settings

    settings = Settings(engine="chatterbox-turbo", model_dir=checkpoint, max_concurrency=_MOST_STREAMS)
    imported = perf_counter()
    service = SpeechService.start(settings)
    loaded = perf_counter()
    try:
        return asyncio.run(
            _speak(service, cases, imported - began, loaded - imported, quick=quick, expect=expect)
        )
    finally:
        service.close()


async def _speak(
    service: "SpeechService", cases: list[Case], import_s: float, load_s: float, *, quick: bool, expect: bool
) -> OurRun:
    import torch

    loaded_mb = anonymous_mb()
    first = await listen(service, Case(cases[0].length, 1))
    startup = Startup(import_s, load_s, first.heard[0].ttfa_s)
    on_gpu = torch.cuda.is_available()
    requests = _REQUESTS["quick" if quick else "gpu" if on_gpu else "cpu"]
    measured = []
    for case in cases:
        typer.echo(f"ours: {case.name}", err=True)
        begin_vram_peak()
        if on_gpu:
            await listen(service, case)  # it captures graphs for the case's shapes
        rounds = [
            await listen(service, case) for _ in range(min(max(requests // case.streams, 1), _MOST_ROUNDS))
        ]
        if expect:
            _check(case, rounds)
        measured.append(StreamMeasured(case, rounds, anonymous_mb(), vram_mb(peak=True)))
    return OurRun(startup, measured, loaded_mb, peak_mb())


def _check(case: Case, rounds: list[Round]) -> None:
    """Raise if the speech has another length than the case, whose figures would be wrong."""
    expected = case.length.tokens * case.length.count
    for each in (each for round_ in rounds for each in round_.heard):
        if each.speech_tokens not in range(expected - 10, expected + 10):
            raise RuntimeError(
                f"{case.name} spoke {each.speech_tokens} speech tokens, not {expected}: "
                "delete .cache/checkpoints, which another version wrote."
            )
