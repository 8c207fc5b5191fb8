"""CUDA graphs: record the kernels that a function launches, and replay them in one launch.

A T3 step is hundreds of small kernels and S3Gen's flow is some 2,000: launched one by one they leave
a large GPU idle.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARM_UPS = 2
"""Runs before a capture, in which libraries choose their kernels and allocate."""

Replay = Callable[[], None]

FunctionOfTensors = Callable[[Sequence[Tensor]], Tensor]

Capture = Callable[[Callable[[], Tensor]], tuple[Replay, Tensor]]
"""``GraphPool.capture``, or its stand-in in a test."""


class GraphPool:
    """Captures functions into graphs that share one memory pool. Belongs to one thread.

    A replay overwrites the results of the other graphs: copy a result before the next replay.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def capture(
        self, function: Callable[[], Tensor], *, undo: Callable[[], None] | None = None
    ) -> tuple[Replay, Tensor]:
        """Record a function; return what replays it, and its result, which each replay overwrites.

        The function must launch the same kernels each time, on tensors that stay where they are, and
        must not wait for the device. It runs twice before the capture; ``undo`` reverts each of these
        runs. The result has no content before the first replay.
        """
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS):
                function()
                if undo is not None:
                    undo()
        current.wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        # thread_local: other threads (the watermark's, the voice encoders') may use the device meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            result = function()
        return graph.replay, result


class GraphsByShape:
    """Replays ``function`` from one graph for each combination of its arguments' shapes.

    The arguments are copied to where the graph reads them. Beyond ``most`` graphs, each of which keeps
    memory, the function runs uncaptured.
    """

    def __init__(self, function: FunctionOfTensors, capture: Capture, most: int) -> None:
        self._function = function
        self._capture = capture
        self._most = most
        self._captured: dict[tuple[torch.Size, ...], tuple[Sequence[Tensor], Replay, Tensor]] = {}

    def __call__(self, arguments: Sequence[Tensor]) -> Tensor:
        """Return what the function would, in memory of its own."""
        shapes = tuple(argument.shape for argument in arguments)
        if shapes not in self._captured:
            if len(self._captured) >= self._most:
                return self._function(arguments)
            places = [argument.clone() for argument in arguments]
            self._captured[shapes] = (places, *self._capture(lambda: self._function(places)))
        read, replay, result = self._captured[shapes]
        for place, argument in zip(read, arguments, strict=True):
            place.copy_(argument)
        replay()
        return result.clone()
