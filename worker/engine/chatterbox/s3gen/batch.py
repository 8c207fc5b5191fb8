"""Batches of the flow: rows of different lengths, padded to a few shapes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

SPEECH_VOCABULARY = 6561
"""Number of speech tokens with a sound; the higher ones start and stop speech."""

MEL_CHANNELS = 80
FRAMES_PER_TOKEN = 2
LOOKAHEAD = 3
"""Speech tokens after a token in the view of the encoder's first convolution."""


class FlowRow(NamedTuple):
    """One row of a call of the flow: a voice's prompt and the tokens after it."""

    tokens: Tensor
    """(n,) int64: the prompt's and the visible tokens, with the lookahead at the end unless ``final``."""
    prompt_mel: Tensor
    """(2 * prompt tokens, 80)."""
    speaker: Tensor
    """(80,): the x-vector, projected; see ``Flow.project_speaker``."""
    noise: Tensor
    """(frames, 80), including the prompt's frames."""
    final: bool
    """Whether no token follows. Otherwise the last three are the lookahead and are not rendered."""

    @property
    def frames(self) -> int:
        """Return the number of rendered frames, including the prompt's."""
        return FRAMES_PER_TOKEN * (len(self.tokens) - (0 if self.final else LOOKAHEAD))


class FlowBatch(NamedTuple):
    """The input of ``Flow.run``: rows padded at their end to one shape."""

    tokens: Tensor
    """(batch, n) int64."""
    lengths: Tensor
    """(batch,): the number of tokens of each row without padding."""
    frames: Tensor
    """(batch,): the number of frames of each row without padding."""
    noise: Tensor
    """(batch, frames, 80)."""
    prompt_mel: Tensor
    """(batch, frames, 80), zeros after the prompt."""
    speaker: Tensor
    """(batch, 80)."""


@dataclass(frozen=True)
class Buckets:
    """The possible shapes of a batch: few, so that each is captured once."""

    tokens: int = 32
    """Lengths are multiples of this."""
    most_rows: int = 32
    """Numbers of rows are powers of two up to this."""

    def sort(self, rows: Sequence[FlowRow]) -> Iterator[tuple[list[int], FlowBatch]]:
        """Yield batches with the indices of their rows in ``rows``; further rows of a batch are filler."""
        alike = defaultdict(list)
        for index, row in enumerate(rows):
            alike[-(-len(row.tokens) // self.tokens) * self.tokens].append(index)
        for length, indices in alike.items():
            for first in range(0, len(indices), self.most_rows):
                share = indices[first : first + self.most_rows]
                count = 1 << (len(share) - 1).bit_length()
                filled = [rows[index] for index in share + share[-1:] * (count - len(share))]
                yield share, pad(filled, length, FRAMES_PER_TOKEN * length)


def pad(rows: Sequence[FlowRow], length: int, frames: int) -> FlowBatch:
    """Pad rows to ``length`` tokens and ``frames`` frames."""
    device = rows[0].tokens.device
    return FlowBatch(
        tokens=torch.stack([_padded(row.tokens, length) for row in rows]),
        lengths=torch.tensor([len(row.tokens) for row in rows], device=device),
        frames=torch.tensor([row.frames for row in rows], device=device),
        noise=torch.stack([_padded(row.noise, frames) for row in rows]),
        prompt_mel=torch.stack([_padded(row.prompt_mel, frames) for row in rows]),
        speaker=torch.stack([row.speaker for row in rows]),
    )


def _padded(x: Tensor, length: int) -> Tensor:
    """Add zeros along the first axis up to a length."""
    filled = x.new_zeros(length, *x.shape[1:])
    filled[: len(x)] = x
    return filled
