"""``scripts/bench s3gen_seams``: distance of the streamed mel from the unstreamed one, and its cost.

The flow attends in both directions: a frame differs if fewer tokens are visible. The difference is measured
for lookaheads, left windows and prompts, against one call with all tokens after the whole prompt and the same
noise; ``another seed`` gives the scale. With random weights these figures only show that the measurement
works and its cost; the audible difference needs real weights (``--checkpoint``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from benchmarks.checkpoint import find_or_write, s3gen_and_voice
from benchmarks.report import Result, median_ms

if TYPE_CHECKING:
    from worker.engine.weights import Weights

PROMPT, LEFT, LOOKAHEAD = 250, 25, 3
SPEECH_TOKENS = 125
CHUNKS = (12, 25, 40)
"""Tokens returned by each call; the last one takes the rest."""
PRECISIONS: tuple[Literal["float32"], Literal["auto"]] = ("float32", "auto")
COUNTS = (10, 25, 50, 250)
"""Tokens of the timed calls."""
DECIBELS = 20 / np.log(10)
"""Decibels per unit of a mel, the natural logarithm of an amplitude."""


@dataclass(frozen=True)
class SeamWindow:
    """The visible context of a call: speech tokens of the prompt, before the new ones, and after them."""

    prompt: int = PROMPT
    left: int = LEFT
    lookahead: int = LOOKAHEAD

    def __str__(self) -> str:
        return f"p{self.prompt}/left{self.left}/ahead{self.lookahead}"


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` takes only the ends of each range, and repeats less."""
    directory = find_or_write(checkpoint, "small")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with s3gen_and_voice(directory, device) as (s3gen, voice), torch.inference_mode():
        stock = _stock_ms(directory, voice, repeats=2 if quick else 3)
        return [*_distances(s3gen, voice, quick=quick), *_costs(s3gen, voice, stock, quick=quick)]


def _distances(s3gen: "Weights", voice: dict[str, Tensor], *, quick: bool) -> Iterator[Result]:
    from worker.engine.chatterbox.s3gen.flow import Flow

    flow = Flow(s3gen.under("flow"), 2, torch.float32)
    device = voice["gen.prompt_feat"].device
    tokens = np.random.default_rng(0).integers(0, 6561, SPEECH_TOKENS).tolist()
    noise, other = (_noise(seed, 2 * (PROMPT + SPEECH_TOKENS), device) for seed in (1, 2))
    whole = _streamed(flow, voice, tokens, noise, window=SeamWindow())
    yield from _compare("another seed", _streamed(flow, voice, tokens, other, window=SeamWindow()), whole)
    for window in _windows(quick=quick):
        began = perf_counter()
        mel = _streamed(flow, voice, tokens, noise, window=window, chunks=CHUNKS)
        taken = perf_counter() - began
        yield from _compare(str(window), mel, whole)
        yield Result(f"seams/{window}", "flow_float32_rtf", round(taken / (SPEECH_TOKENS / 25), 4))


def _windows(*, quick: bool) -> list[SeamWindow]:
    """Vary one parameter at a time."""
    prompts, lefts, lookaheads = (50, 100, 150, PROMPT), (0, 10, LEFT, 50, 100), (0, LOOKAHEAD, 6, 12)
    if quick:
        prompts, lefts, lookaheads = (50, PROMPT), (0, LEFT), (0, LOOKAHEAD)
    varied = [SeamWindow(prompt=prompt) for prompt in prompts]
    varied += [SeamWindow(left=left) for left in lefts]
    return list(dict.fromkeys([*varied, *(SeamWindow(lookahead=lookahead) for lookahead in lookaheads)]))


def _streamed(
    flow: Any,
    voice: dict[str, Tensor],
    tokens: list[int],
    noise: Tensor,
    *,
    window: SeamWindow,
    chunks: Sequence[int] = (),
) -> Tensor:
    """Render in chunks, or all at once; return the mel as it is handed out (frames, 80)."""
    from worker.engine.chatterbox.s3gen.batch import FlowRow

    given, done = [], 0
    for count in (*chunks, len(tokens) - sum(chunks)):
        first, end = max(0, done - window.left), done + count
        visible = tokens[first : end + window.lookahead]
        final = first + len(visible) == len(tokens) or window.lookahead < LOOKAHEAD
        frames = 2 * (len(visible) - (0 if final else LOOKAHEAD))
        row = FlowRow(
            tokens=torch.cat(
                [voice["gen.prompt_token"][0, -window.prompt :], noise.new_tensor(visible).long()]
            ),
            prompt_mel=voice["gen.prompt_feat"][0, -2 * window.prompt :],
            speaker=flow.project_speaker(voice["gen.embedding"]),
            noise=torch.cat(
                [
                    noise[2 * (PROMPT - window.prompt) : 2 * PROMPT],
                    noise[2 * (PROMPT + first) :][:frames],
                ]
            ),
            final=final,
        )
        (mel,) = flow.render([row])
        given.append(mel[2 * (done - first) : 2 * (end - first)])
        done = end
    return torch.cat(given)


def _compare(case: str, mel: Tensor, whole: Tensor) -> Iterator[Result]:
    frames = (mel - whole).abs().mean(dim=-1) * DECIBELS
    yield Result(f"seams/{case}", "mean_db", round(frames.mean().item(), 4))
    yield Result(f"seams/{case}", "worst_frame_db", round(frames.max().item(), 4))


def _noise(seed: int, frames: int, device: torch.device) -> Tensor:
    return torch.randn(frames, 80, generator=torch.Generator().manual_seed(seed)).to(device)


def _stock_ms(directory: Path, voice: dict[str, Tensor], *, repeats: int) -> dict[int, float]:
    """Time stock's ``inference`` of this number of tokens."""
    from synthetic.stock import load_stock_s3gen
    from worker.engine.chatterbox.s3gen.s3gen import TRAILING_SILENCE

    s3gen = load_stock_s3gen(directory, voice["gen.embedding"].device)
    reference = {name.removeprefix("gen."): each for name, each in voice.items() if name.startswith("gen.")}

    def speak(count: int) -> None:
        tokens = torch.tensor([count] * count + TRAILING_SILENCE, device=s3gen.device)
        s3gen.inference(tokens, ref_dict={**reference, "prompt_feat_len": None}, n_cfm_timesteps=2)

    return {count: median_ms(partial(speak, count), repeats) for count in COUNTS}


def _costs(
    s3gen: "Weights", voice: dict[str, Tensor], stock: dict[int, float], *, quick: bool
) -> Iterator[Result]:
    """Time a new stream's final call, flow and vocoder, compared with stock's."""
    from worker.engine.chatterbox.s3gen.s3gen import RenderCall, S3Gen
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings

    repeats = 2 if quick else 3
    for precision, prompt in product(PRECISIONS, (100, PROMPT)):
        settings = S3GenSettings(prompt_tokens=prompt, flow_precision=precision)
        renderer = S3Gen(s3gen, settings)
        for count in COUNTS:

            def speak(renderer: S3Gen = renderer, count: int = count) -> None:
                renderer.render([RenderCall(renderer.open(voice, 1), [count] * count, final=True)])

            speak()  # the first call compiles kernels for its shape
            case = f"decode/{precision}/p{prompt}/n={count}"
            yield Result(case, "ms", median_ms(speak, repeats), stock[count] if prompt == PROMPT else None)
