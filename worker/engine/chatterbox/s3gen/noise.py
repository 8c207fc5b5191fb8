"""Random numbers by seed and position: a frame that is decoded anew sees the same ones."""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


class Kind(IntEnum):
    """What noise is for: each kind is a sequence of its own under one seed."""

    FLOW = 0
    PROMPT = 1
    SOURCE = 2
    PHASE = 3


class PositionalNoise:
    """Standard normal numbers, endless in positions from 0, ``width`` at each.

    They come in blocks of ``block`` positions that are drawn independently of each other, so that
    any stretch costs what its own length costs, and nothing is remembered.
    """

    def __init__(self, seed: int, kind: Kind, width: int, *, block: int, device: torch.device) -> None:
        self._seed = seed
        self._kind = kind
        self._shape = (block, width)
        self._generator = torch.Generator(device)

    def between(self, first: int, end: int) -> Tensor:
        """Return the numbers at positions ``first`` to ``end`` (exclusive): (end - first, width) float32."""
        size = self._shape[0]
        start = first // size
        blocks = [self._block(index) for index in range(start, max(-(-end // size), start + 1))]
        return torch.cat(blocks)[first - start * size : end - start * size]

    def _block(self, index: int) -> Tensor:
        state = np.random.SeedSequence([self._seed, self._kind, index]).generate_state(1, np.uint64)
        self._generator.manual_seed(int(state[0] >> np.uint64(1)))
        return torch.randn(self._shape, generator=self._generator, device=self._generator.device)
