"""``scripts/bench s3gen_prompt``: what 25 speech tokens cost by what S3Gen's decode sees beside them.

That is what a deployment can set: the prompt's length, the flow's steps, the left context. A
stream's first audio chunk has nothing but the prompt before it; a later one also sees the left
context. All are timed in turn, round after round, so that whatever else the machine does falls on
all of them alike. On the CPU the time is the processor's, summed over its cores: that of the clock
would count the machine's other work too. ``share`` is the median of each round's ratio to the
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
"""Tokens that the stream has decoded before."""


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Measure; ``quick`` takes fewer lengths, and repeats less."""
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
    """Return what decodes 25 tokens of a stream after ``before`` others, and answers in milliseconds."""
    from worker.engine.chatterbox.s3gen.s3gen import RenderCall, S3Gen
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings

    renderer = S3Gen(s3gen, S3GenSettings(**settings))

    clock = perf_counter if torch.cuda.is_available() else process_time

    def timed() -> float:
        stream = renderer.open(voice, 1)
        if before:
            renderer.render([RenderCall(stream, [7] * (before + LOOKAHEAD))])
        began = clock()
        # What is held back comes with the next tokens: 25 in, 25 out.
        (samples,) = renderer.render([RenderCall(stream, [7] * (NEW_TOKENS + (0 if before else LOOKAHEAD)))])
        taken = clock() - began
        assert len(samples) > 0  # noqa: S101 - a benchmark of nothing would be quick
        return taken * 1000

    return timed


def _compared(case: str, decodes: dict[str, Callable[[], float]], rounds: int) -> Iterator[Result]:
    for decode in decodes.values():
        decode()  # the first pays for kernels made for its shape
    taken = [{name: decode() for name, decode in decodes.items()} for _ in range(rounds)]
    defaults = next(iter(decodes))
    metric = "ms" if torch.cuda.is_available() else "cpu_ms"
    for name in decodes:
        yield Result(f"{case}/{name}", metric, round(median(each[name] for each in taken), 1))
        share = median(each[name] / each[defaults] for each in taken)
        yield Result(f"{case}/{name}", "share", round(share, 3))
