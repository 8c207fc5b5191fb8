"""Random numbers by seed and position: a frame that is rendered again gets the same ones."""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


class Kind(IntEnum):
    """The use of noise; under one seed each kind has its own sequence."""

    FLOW = 0
    PROMPT = 1
    SOURCE = 2
    PHASE = 3


class PositionalNoise:
    """Standard normal numbers at positions from 0 without end, ``width`` at each.

    Blocks of ``block`` positions are drawn independently, so the cost of a stretch depends on its length
    alone, and there is no state.
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
