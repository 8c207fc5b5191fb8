"""Rows of different lengths as tensors of one shape."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

MEL_CHANNELS = 80
FRAMES_PER_TOKEN = 2
LOOKAHEAD = 3
"""Speech tokens after a token that the encoder's first convolution sees."""


class FlowRow(NamedTuple):
    """One row of a call of the flow: a voice's prompt and the tokens after it."""

    tokens: Tensor
    """(n,) int64: the prompt's and the visible ones, the lookahead at the end unless ``final``."""
    prompt_mel: Tensor
    """(2 * prompt tokens, 80)."""
    speaker: Tensor
    """(80,): the x-vector, projected; see ``Flow.project_speaker``."""
    noise: Tensor
    """(frames, 80): one for every frame that is decoded, the prompt's among them."""
    final: bool
    """Whether no token follows: otherwise the last three are seen and not decoded."""

    @property
    def frames(self) -> int:
        """Return how many frames are decoded, the prompt's among them."""
        return FRAMES_PER_TOKEN * (len(self.tokens) - (0 if self.final else LOOKAHEAD))


class FlowBatch(NamedTuple):
    """What ``Flow.run`` takes: rows padded at their end to one shape."""

    tokens: Tensor
    """(batch, n) int64."""
    noise: Tensor
    """(batch, frames, 80)."""
    prompt_mel: Tensor
    """(batch, frames, 80), zeros after the prompt."""
    speaker: Tensor
    """(batch, 80)."""
    lengths: Tensor | None
    """(batch,): the tokens of each row that count; None where no row is padded."""
    frames: Tensor | None
    """(batch,): likewise for frames."""


def batch_rows(rows: Sequence[FlowRow], *, count: int = 0, length: int = 0) -> FlowBatch:
    """Pad rows to the longest of them, or, as graphs need, to ``count`` rows of ``length`` tokens.

    Rows that only fill up repeat the last one.
    """
    fixed = count > 0
    rows = [*rows, *[rows[-1]] * (count - len(rows))]
    length = (
        max(length, *(len(row.tokens) for row in rows)) if len(rows) > 1 or length else len(rows[0].tokens)
    )
    frames = FRAMES_PER_TOKEN * length if fixed else max(row.frames for row in rows)
    uneven = fixed or any(len(row.tokens) < length or row.frames < frames for row in rows)
    device = rows[0].tokens.device
    return FlowBatch(
        tokens=torch.stack([_padded(row.tokens, length) for row in rows]),
        noise=torch.stack([_padded(row.noise, frames) for row in rows]),
        prompt_mel=torch.stack([_padded(row.prompt_mel, frames) for row in rows]),
        speaker=torch.stack([row.speaker for row in rows]),
        lengths=torch.tensor([len(row.tokens) for row in rows], device=device) if uneven else None,
        frames=torch.tensor([row.frames for row in rows], device=device) if uneven else None,
    )


def _padded(x: Tensor, length: int) -> Tensor:
    """Add zeros along the first axis up to a length."""
    filled = x.new_zeros(length, *x.shape[1:])
    filled[: len(x)] = x
    return filled
