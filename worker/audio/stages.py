"""Stages between the engine and the encoder, run as one."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from voices.clips.clip import Samples


class Stage(Protocol):
    """Samples in, samples out, in blocks of any size."""

    def process(self, samples: Samples) -> Samples:
        """Return what can be said of the output so far."""
        ...

    def flush(self) -> Samples:
        """Return the rest; nothing can be processed afterwards."""
        ...


class StageChain:
    """Passes samples through several stages in order; an empty chain passes them on."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    def process(self, samples: Samples) -> Samples:
        """Return what has come out of the last stage so far."""
        return _through(self._stages, samples)

    def flush(self) -> Samples:
        """Empty the stages one after the other, each through those behind it."""
        tails = [
            _through(self._stages[position:], stage.flush())
            for position, stage in enumerate(self._stages, start=1)
        ]
        return np.concatenate([np.zeros(0, np.float32), *tails])


def _through(stages: Sequence[Stage], samples: Samples) -> Samples:
    for stage in stages:
        samples = stage.process(samples)
    return samples
