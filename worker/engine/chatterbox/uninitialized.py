"""Build modules without drawing the random weights that a checkpoint replaces."""

from collections.abc import Callable, Sequence
from typing import Any

from torch.overrides import TorchFunctionMode

# By name: they are methods of Tensor, functions of torch.nn.init, and, while transformers builds a
# model, its own functions in their place.
_RANDOM_FILLS = {
    "uniform_",
    "normal_",
    "trunc_normal_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
}


class Uninitialized(TorchFunctionMode):
    """Within it, random initialisers leave their tensor as it was allocated: whatever was in memory.

    Filling 0.7 G parameters takes seconds, and every one is overwritten by a strict
    ``load_state_dict``. What is computed rather than drawn (windows, mel filters, positional
    tables, fades, norm weights) is made as ever, which a construction on the meta device would
    lose: upstream keeps several of these as plain attributes that no checkpoint brings back.
    Of this thread only.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Return the tensor untouched where ``func`` would fill it at random."""
        if getattr(func, "__name__", "") in _RANDOM_FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))
