"""``scripts/bench s3gen_prompt``: cost of 25 speech tokens by S3Gen's prompt and context.

A deployment can set these: the prompt's length, the flow's steps, the left context. A stream's first audio
chunk has only the prompt before it; a later one also has the left context. All are timed alternately, round
by round, so that other load on the machine affects all equally. On the CPU the time is processor time, summed
over the cores: wall time would include other processes. ``share`` is the median of each round's ratio to the
defaults.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import torch

from benchmarks.checkpoint import find_or_write, s3gen_and_voice
from benchmarks.report import Result

PROMPTS = (250, 125, 75, 50, 25)
"""Speech tokens; the first is stock's 10 s."""
NEW_TOKENS, LOOKAHEAD = 25, 3
BEFORE = {"first": 0, "later": 50}
"""Tokens that the stream has rendered before."""


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` takes fewer lengths, and repeats less."""
    directory = find_or_write(checkpoint, "small")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    prompts = (250, 125, 50) if quick else PROMPTS
    varied: list[dict[str, int]] = [{"prompt_tokens": prompt} for prompt in prompts]
    varied += [{"prompt_tokens": prompt, "flow_steps": 1} for prompt in prompts[:2]]
    results = []
    with s3gen_and_voice(directory, device) as (s3gen, voice):
        for chunk, before in BEFORE.items():
            settings = varied + [{"left_tokens": left} for left in (0, 50) if before]
            decodes = {_name(each): _decode(s3gen, voice, before, each) for each in settings}
            results += _compared(f"decode/{chunk}", decodes, rounds=3 if quick else 7)
    return results


def _name(settings: dict[str, int]) -> str:
    return "/".join(f"{name}={value}" for name, value in settings.items())


def _decode(s3gen: Any, voice: dict[str, Any], before: int, settings: dict[str, int]) -> Callable[[], float]:
    """Return a function that renders 25 tokens after ``before`` others and returns milliseconds."""
    from worker.engine.chatterbox.s3gen.s3gen import RenderCall, S3Gen
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings

    renderer = S3Gen(s3gen, S3GenSettings(**settings))

    clock = perf_counter if torch.cuda.is_available() else process_time

    def timed() -> float:
        stream = renderer.open(voice, 1)
        if before:
            renderer.render([RenderCall(stream, [7] * (before + LOOKAHEAD))])
        began = clock()
        # Held-back tokens come with the next ones: 25 in, 25 out.
        (samples,) = renderer.render([RenderCall(stream, [7] * (NEW_TOKENS + (0 if before else LOOKAHEAD)))])
        taken = clock() - began
        assert len(samples) > 0  # noqa: S101 - an empty result would look fast
        return taken * 1000

    return timed


def _compared(case: str, decodes: dict[str, Callable[[], float]], rounds: int) -> Iterator[Result]:
    for decode in decodes.values():
        decode()  # the first call compiles kernels for its shape
    taken = [{name: decode() for name, decode in decodes.items()} for _ in range(rounds)]
    defaults = next(iter(decodes))
    metric = "ms" if torch.cuda.is_available() else "cpu_ms"
    for name in decodes:
        yield Result(f"{case}/{name}", metric, round(median(each[name] for each in taken), 1))
        share = median(each[name] / each[defaults] for each in taken)
        yield Result(f"{case}/{name}", "share", round(share, 3))
