"""Run a function of tensors from a captured CUDA graph: one for each shape of its arguments.

The flow is some 2,000 small kernels: launched one by one they leave a large GPU idle.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[[Sequence[Tensor]], Tensor]
Capture = Callable[[Function, Sequence[Tensor]], tuple[Callable[[], None], Tensor]]
"""Records a function on arguments that stay where they are; returns how to run it again, and its result."""

_WARM_UPS = 2


class Graphs:
    """``function``, replayed: its argument's tensors are copied to where the graph reads them.

    It must launch the same work for the same shapes, and must not wait for the device. What is
    beyond ``most`` graphs runs uncaptured, since each keeps memory of its own.
    """

    def __init__(self, function: Function, capture: Capture, most: int) -> None:
        self._function = function
        self._capture = capture
        self._most = most
        self._captured: dict[tuple[torch.Size, ...], tuple[Sequence[Tensor], Callable[[], None], Tensor]] = {}

    def __call__(self, arguments: Sequence[Tensor]) -> Tensor:
        """Return what the function would, in memory of its own."""
        shapes = tuple(argument.shape for argument in arguments)
        if shapes not in self._captured:
            if len(self._captured) >= self._most:
                return self._function(arguments)
            places = [argument.clone() for argument in arguments]
            self._captured[shapes] = (places, *self._capture(self._function, places))
        kept, replay, result = self._captured[shapes]
        for place, argument in zip(kept, arguments, strict=True):
            place.copy_(argument)
        replay()
        return result.clone()


class CudaCapture:
    """Captures on a stream of its own; all graphs share one pool, since a result is copied at once."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def __call__(self, function: Function, arguments: Sequence[Tensor]) -> tuple[Callable[[], None], Tensor]:
        """Run it a few times, so that libraries choose their kernels, and then record it."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS):
                function(arguments)
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        # Other threads (the watermark, T3's loading) may use the device meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            result = function(arguments)
        return graph.replay, result
