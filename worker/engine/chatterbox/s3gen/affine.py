"""Matrix products and attention over upstream's weights, by the library that is fastest here."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.precision import cpu_multiplies_bfloat16
from worker.engine.weights import Weights

_MKLDNN: Any = torch.ops.mkldnn
_USUAL_ROWS = 512
"""The number of rows for which oneDNN lays out the weights; other numbers work too."""


class Affine:
    """``x @ weight.T + bias`` for x (..., in); weight (out, in), bias (out,) or None.

    On the CPU it calls oneDNN directly, with the weights in oneDNN's layout. torch computes float32 products
    with MKL, which is half as fast on AMD's processors (200 against 430 GFLOP/s on two cores of an EPYC with
    AVX-512).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        self._weight = weight.to(dtype).contiguous()
        self._bias = None if bias is None else bias.to(dtype, copy=True)
        self._by_onednn = weight.device.type == "cpu" and _onednn_takes(dtype)
        if self._by_onednn:
            self._weight = _MKLDNN._reorder_linear_weight(self._weight, _USUAL_ROWS)  # noqa: SLF001

    @classmethod
    def of(cls, module: Weights, dtype: torch.dtype) -> "Affine":
        """Take the weights of a ``Linear``, or of a ``Conv1d`` as one product over its concatenated taps.

        A convolution's product takes x (..., taps * channels), the oldest tap first: see ``causal``.
        """
        weight = module.kernel
        if weight.ndim == 3:  # noqa: PLR2004 - a convolution's (out, in, taps)
            weight = weight.transpose(1, 2).flatten(1)
        return cls(weight, module["bias"], dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return (..., out)."""
        if self._by_onednn:
            product: Tensor = _MKLDNN._linear_pointwise(x, self._weight, self._bias, "none", [], "")  # noqa: SLF001
            return product
        return functional.linear(x, self._weight, self._bias)


def _onednn_takes(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and the CPU multiplies this data type natively."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and cpu_multiplies_bfloat16())


class Norm:
    """Layer normalisation over the last axis, with upstream's weights."""

    def __init__(self, module: Weights, dtype: torch.dtype, epsilon: float = 1e-5) -> None:
        self._weight, self._bias = module.own("weight", dtype), module.own("bias", dtype)
        self._epsilon = epsilon

    def __call__(self, x: Tensor) -> Tensor:
        """Return x, normalised."""
        return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._epsilon)


def causal(x: Tensor, taps: int) -> Tensor:
    """Concatenate each position with its ``taps - 1`` predecessors, with zeros before the first position.

    Maps (batch, length, channels) to a view (batch, length, taps * channels), the oldest tap first.
    """
    return neighbours(functional.pad(x, (0, 0, taps - 1, 0)), taps)


def neighbours(x: Tensor, taps: int) -> Tensor:
    """Concatenate positions with ``taps - 1`` successors: (batch, length - taps + 1, taps * channels)."""
    batch, length, channels = x.shape
    x = x.contiguous()
    return x.as_strided((batch, length - taps + 1, taps * channels), (length * channels, channels, 1))


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    """Attend: all (batch, heads, length, 64), the query already scaled; the bias is added to the scores.

    On the CPU torch's fused kernel computes bfloat16 products in float32, at a third of oneDNN's speed, so
    bfloat16 scores are computed separately there.
    """
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
    scores = query @ key.transpose(-1, -2)
    if bias is not None:
        scores += bias
    return torch.softmax(scores, dim=-1) @ value


def heads(x: Tensor, parts: int, count: int) -> tuple[Tensor, ...]:
    """Split (batch, length, parts * count * size) into ``parts`` of (batch, count, length, size)."""
    batch, length, width = x.shape
    split = x.view(batch, length, parts, count, width // (parts * count))
    return split.permute(2, 0, 3, 1, 4).contiguous().unbind(0)


def join_heads(x: Tensor) -> Tensor:
    """Undo ``heads`` for one part: (batch, count, length, size) to (batch, length, count * size)."""
    return x.transpose(1, 2).flatten(2)


def key_bias(lengths: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """Return the attention bias (batch, 1, 1, length) that masks padding after ``lengths`` (batch,)."""
    hidden = torch.arange(length, device=lengths.device) >= lengths[:, None]
    bias = torch.zeros(hidden.shape, dtype=dtype, device=lengths.device)
    return bias.masked_fill(hidden, -math.inf)[:, None, None]
