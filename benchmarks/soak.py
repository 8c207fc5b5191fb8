"""``scripts/bench soak``: whether memory stays flat under requests in many voices.

The small synthetic checkpoint, whose S3Gen and encoders have their full size, speaks a second at a time.
The caches hold only a few of the voices, so that voices are loaded and evicted all the time; a tenth of
them have no conditionals on disk, which are then computed from the clip at every use. Some listeners
leave at their first audio. Memory is measured when no request is in progress.

The requests' threads share one glibc arena here, and its free memory is returned before each
measurement. With the default of eight arenas per core, each keeps the peak of a voice's preparation:
memory would grow in steps for hundreds of requests until every arena has had one, and hide a leak.

slope_kb        memory that each request leaves behind, after a warm-up: the median of the slopes
                between all pairs of measurements
"""

import asyncio
import contextlib
import gc
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from benchmarks.checkpoint import find_or_write_speaking
from benchmarks.fresh_process import environment, in_fresh_process
from benchmarks.memory import anonymous_mb, vram_mb
from benchmarks.report import Result
from benchmarks.voices import reference
from voices.conditionals import Conditionals
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.server.ending import return_free_pages

if TYPE_CHECKING:
    from worker.service.service import SpeechService

SPEECH_TOKENS = 25
_TEXT = "How much of this is left behind?"
_AT_ONCE = 4
_LEAVES_EVERY = 7
_COMPUTED_EVERY = 10
_CACHE_MB, _DEVICE_CACHE_MB = 1, 4
"""Room for six voices, and for five on the device."""


@dataclass(frozen=True)
class SoakPlan:
    """Duration of the test."""

    requests: int
    voices: int
    warm_up: int
    """Requests that do not count: allocators reach their sizes, and every voice is used once."""


FULL = SoakPlan(requests=200, voices=50, warm_up=50)
QUICK = SoakPlan(requests=80, voices=10, warm_up=40)


@dataclass(frozen=True)
class Look:
    """The memory after this number of requests."""

    requests: int
    memory_mb: float
    vram_mb: float | None


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` takes fewer requests and voices."""
    plan = QUICK if quick else FULL
    looks = soak(find_or_write_speaking(checkpoint, SPEECH_TOKENS, "small"), plan)
    case = f"soak/requests={plan.requests}/voices={plan.voices}"
    counted = [look for look in looks if look.requests >= plan.warm_up]
    slope = slope_kb([(look.requests, look.memory_mb) for look in counted])
    results = [
        Result(case, "slope_kb", round(slope, 2)),
        Result(case, "first_mb", round(counted[0].memory_mb, 1)),
        Result(case, "last_mb", round(counted[-1].memory_mb, 1)),
    ]
    vram = [(look.requests, look.vram_mb) for look in counted if look.vram_mb is not None]
    if vram:
        results += [Result(case, "vram_slope_kb", round(slope_kb(vram), 2))]
    return results


def soak(checkpoint: Path, plan: SoakPlan) -> list[Look]:
    """Speak the plan's requests in a separate process, and measure its memory at intervals."""
    with environment(MALLOC_ARENA_MAX="1"):
        return in_fresh_process(_soak_here, checkpoint, plan)


def _soak_here(checkpoint: Path, plan: SoakPlan) -> list[Look]:
    with _service(checkpoint, plan.voices) as service:
        return asyncio.run(_soak(service, plan))


def slope_kb(points: Sequence[tuple[int, float]]) -> float:
    """Return KiB per request, from the memory in MiB after each number of requests: Theil and Sen's slope.

    Unlike a least-squares line, it is robust against an allocator's single jumps.
    """
    pairs = combinations(sorted(points), 2)
    return float(np.median([(y - x) * 1024 / (later - sooner) for (sooner, x), (later, y) in pairs]))


@contextlib.contextmanager
def _service(checkpoint: Path, voices: int) -> Iterator["SpeechService"]:
    from voices.library import VoiceLibrary
    from worker.engine.choice import open_engine
    from worker.service.service import SpeechService
    from worker.settings import Settings

    settings = Settings(
        engine="chatterbox-turbo",
        model_dir=checkpoint,
        voice_cache_mb=_CACHE_MB,
        device_voice_cache_mb=_DEVICE_CACHE_MB,
        write_back=False,
    )
    engine = open_engine(settings)
    with tempfile.TemporaryDirectory() as folder:
        registry = VoiceRegistry.at(Path(folder))
        prepared = reference()
        conditionals = engine.prepare(prepared.clip)
        for number in range(voices):
            has_conditionals = number % _COMPUTED_EVERY > 0
            known = [_another_voice(conditionals, number)] if has_conditionals else []
            Publisher(registry).add(f"voice-{number}", prepared, known)
        service = SpeechService(engine, VoiceLibrary([registry]), settings)
        try:
            yield service
        finally:
            service.close()


def _another_voice(conditionals: Conditionals, number: int) -> Conditionals:
    """Return conditionals of the same size that sound different."""
    name = "t3.speaker_emb"
    embedding = conditionals.tensors[name]
    other = embedding + np.random.default_rng(number).normal(0, 0.05, embedding.shape).astype(np.float32)
    return replace(conditionals, tensors={**conditionals.tensors, name: other})


async def _soak(service: "SpeechService", plan: SoakPlan) -> list[Look]:
    looks = []
    for first in range(0, plan.requests, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, plan.requests))
        await asyncio.gather(*(_request(service, number, plan.voices) for number in numbers))
        gc.collect()
        return_free_pages()
        looks.append(Look(numbers.stop, anonymous_mb(), vram_mb()))
        typer.echo(f"{numbers.stop} of {plan.requests}: {looks[-1].memory_mb:,.1f} MB", err=True)
    return looks


async def _request(service: "SpeechService", number: int, voices: int) -> None:
    from worker.events import AudioEvent
    from worker.request import Arrival

    job_input = {"text": _TEXT, "format": "mp3", "voice_id": f"voice-{number % voices}"}
    events = service.respond(job_input, Arrival(f"soak-{number}"))
    async with contextlib.aclosing(events):  # type: ignore[type-var]  # it is an async generator
        async for event in events:
            if isinstance(event, AudioEvent) and number % _LEAVES_EVERY == 0:
                return
