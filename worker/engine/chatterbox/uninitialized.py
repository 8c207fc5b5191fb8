"""Construct modules without the random initialisation that a checkpoint overwrites."""

from collections.abc import Callable, Sequence
from typing import Any

from torch.overrides import TorchFunctionMode

# By name: these are methods of Tensor, functions of torch.nn.init, and, while transformers constructs a
# model, its replacements for them.
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
    """Within it, random initialisers leave their tensor uninitialised, in this thread only.

    Filling 0.7 G parameters takes seconds, and a strict ``load_state_dict`` overwrites every one. Computed
    tensors (windows, mel filters, positional tables, fades, norm weights) are computed as usual. The meta
    device would lose them: upstream keeps several as plain attributes that no checkpoint contains.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Return the tensor unchanged if ``func`` is a random initialiser; else call ``func``."""
        if getattr(func, "__name__", "") in _RANDOM_FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))
