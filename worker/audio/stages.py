"""Chains the stages between the engine and the encoder."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from voices.clips.clip import Samples


class Stage(Protocol):
    """Converts samples to samples, in blocks of any size."""

    def process(self, samples: Samples) -> Samples:
        """Return the samples that are final by now."""
        ...

    def flush(self) -> Samples:
        """Return the rest; the stage cannot be used afterwards."""
        ...


class StageChain:
    """Passes samples through several stages in order; an empty chain passes them unchanged."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    def process(self, samples: Samples) -> Samples:
        """Return the last stage's output so far."""
        return _through(self._stages, samples)

    def flush(self) -> Samples:
        """Flush the stages in order, each through those after it."""
        tails = [
            _through(self._stages[position:], stage.flush())
            for position, stage in enumerate(self._stages, start=1)
        ]
        return np.concatenate([np.zeros(0, np.float32), *tails])


def _through(stages: Sequence[Stage], samples: Samples) -> Samples:
    for stage in stages:
        samples = stage.process(samples)
    return samples
