"""``scripts/bench soak``: whether memory stays flat while requests come, in many voices.

The small synthetic checkpoint, whose S3Gen and encoders have their full size, speaks a second at a
time. There is room in the caches for a few of the voices only, so that voices come and go all the
time; a tenth of them have no conditionals on disk, and are computed from their clip whenever they
come. Some listeners leave at their first audio. Memory is looked at when all is still.

glibc gives the requests' threads one arena here, and gives back what is free in it before each look.
With its usual eight a core, each arena keeps the most that a voice's preparation ever took in it:
memory that grows in steps for hundreds of requests until every arena has had one, and hides what is
looked for.

slope_kb        what each request leaves behind, after a warm-up: the median of the slopes between all
                pairs of looks
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
from worker.server.patience import return_free_pages

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
class Plan:
    """How long it goes on."""

    requests: int
    voices: int
    warm_up: int
    """Requests that do not count: allocators find their sizes, and every voice has come once."""


FULL = Plan(requests=200, voices=50, warm_up=50)
QUICK = Plan(requests=80, voices=10, warm_up=40)


@dataclass(frozen=True)
class Look:
    """The memory after so many requests."""

    requests: int
    memory_mb: float
    vram_mb: float | None


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Measure; ``quick`` takes fewer requests and voices."""
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


def soak(checkpoint: Path, plan: Plan) -> list[Look]:
    """Speak the plan's requests in a process of their own, and look at its memory now and then."""
    with environment(MALLOC_ARENA_MAX="1"):
        return in_fresh_process(_soak_here, checkpoint, plan)


def _soak_here(checkpoint: Path, plan: Plan) -> list[Look]:
    with _service(checkpoint, plan.voices) as service:
        return asyncio.run(_soak(service, plan))


def slope_kb(points: Sequence[tuple[int, float]]) -> float:
    """Return KiB a request, of the memory in MiB after so many: Theil and Sen's slope.

    An allocator's leap here and there does not move it, as it would a least-squares line.
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
    """Return conditionals of the same size that speak otherwise."""
    name = "t3.speaker_emb"
    embedding = conditionals.tensors[name]
    other = embedding + np.random.default_rng(number).normal(0, 0.05, embedding.shape).astype(np.float32)
    return replace(conditionals, tensors={**conditionals.tensors, name: other})


async def _soak(service: "SpeechService", plan: Plan) -> list[Look]:
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
