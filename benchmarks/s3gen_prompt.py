"""``scripts/bench s3gen_prompt``: what a decode of 25 speech tokens costs behind prompts of several lengths.

A stream's first audio chunk has nothing but the prompt before it; a later one also sees the left
context. Every length is timed in turn, over and over, so that whatever else the machine does falls
on all of them; ``share_of_whole_prompt`` is the median of each round's own ratio, and says more
than the milliseconds where the machine is shared.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from benchmarks.checkpoint import find_or_write
from benchmarks.report import Result

PROMPTS = (250, 125, 75, 50, 25)
"""Speech tokens; the first is stock's 10 s, with which the others are compared."""
NEW_TOKENS = 25
BEFORE = {"first": 0, "later": 100}
"""Tokens that the stream has decoded before: the later chunk sees the last 50 of them again."""
LOOKAHEAD = 3


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Measure; ``quick`` takes three lengths, and repeats less."""
    from worker.engine.chatterbox.conditionals import read_built_in_voice
    from worker.engine.chatterbox.loading import load_model
    from worker.engine.checkpoint import BUILT_IN_VOICE_FILE

    directory = find_or_write(checkpoint, "small")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    s3gen = load_model(directory, device).s3gen
    arrays = read_built_in_voice(directory / BUILT_IN_VOICE_FILE)
    voice = {name: torch.tensor(array, device=device) for name, array in arrays.items()}
    prompts = (250, 125, 50) if quick else PROMPTS
    results = []
    for steps in (2, 1):
        for chunk, before in BEFORE.items():
            decodes = {prompt: _decode(s3gen, voice, prompt, steps, before) for prompt in prompts}
            results += _compared(f"prompt/steps={steps}/{chunk}", decodes, rounds=5 if quick else 15)
    return results


def _decode(s3gen: Any, voice: dict[str, Any], prompt: int, steps: int, before: int) -> Callable[[], float]:
    """Return what decodes 25 tokens of a stream after ``before`` others, and answers in milliseconds."""
    from worker.engine.s3gen.decoder import Decode, SpeechDecoder
    from worker.engine.s3gen.settings import DecoderSettings

    decoder = SpeechDecoder(s3gen, DecoderSettings(prompt_tokens=prompt, flow_steps=steps))

    def timed() -> float:
        stream = decoder.open(voice, 1)
        if before:
            decoder.decode([Decode(stream, [7] * (before + LOOKAHEAD))])
        began = perf_counter()
        # What is held back comes with the next tokens: 25 in, 25 out.
        decoder.decode([Decode(stream, [7] * (NEW_TOKENS + (0 if before else LOOKAHEAD)))])
        return (perf_counter() - began) * 1000

    return timed


def _compared(case: str, decodes: dict[int, Callable[[], float]], rounds: int) -> Iterator[Result]:
    for decode in decodes.values():
        decode()  # the first pays for kernels made for its shape
    taken = [{prompt: decode() for prompt, decode in decodes.items()} for _ in range(rounds)]
    whole = next(iter(decodes))
    for prompt in decodes:
        name = f"{case}/prompt={prompt}"
        yield Result(name, "ms", round(median(each[prompt] for each in taken), 1))
        share = median(each[prompt] / each[whole] for each in taken)
        yield Result(name, "share_of_whole_prompt", round(share, 3))
