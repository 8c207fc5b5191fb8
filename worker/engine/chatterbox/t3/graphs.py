"""CUDA graphs of the decode step: one launch instead of hundreds."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from worker.engine.chatterbox.t3.slots import Slots

Bucket = tuple[int, int, bool]
"""Rows, positions attended over, and whether the whole vocabulary is sorted."""

_WARM_UPS = 2
"""Runs before a capture, in which libraries choose their kernels and allocate."""


class CapturedSteps:
    """Captures a step at its bucket's first use, and replays it from then on.

    A step reads and writes tensors that stay where they are: the slots', the cache's, the weights'.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._pool: Any = None
        self._captured: dict[Bucket, tuple[torch.cuda.CUDAGraph, Tensor]] = {}

    def run(self, bucket: Bucket, step: Callable[[], Tensor]) -> Tensor:
        """Run a step; the tokens it returns are overwritten by the bucket's next run."""
        if bucket not in self._captured:
            self._captured[bucket] = self._capture(step)
        graph, tokens = self._captured[bucket]
        graph.replay()
        return tokens

    def _capture(self, step: Callable[[], Tensor]) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        before = self._slots.saved()
        current, beside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        beside.wait_stream(current)
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UPS):
                step()
                # Each writes the keys and values of the same position: nothing is left of it.
                self._slots.restore(before)
        current.wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile: a voice may be being prepared.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            tokens = step()
        self._pool = graph.pool()
        return graph, tokens
