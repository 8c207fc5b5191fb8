"""The matrices of T3's layers: y = x W^T + b, in a given precision.

A decode step spends almost all of its time reading these weights from memory, so with few rows their size
in bytes determines its speed.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from worker.engine.precision import T3Precision

_INT8_MAX = 127
_TILE = 128
"""Outputs of a matrix that are quantised at a time."""


class Projection(Protocol):
    """A weight matrix and its bias."""

    def __call__(self, rows: Tensor) -> Tensor:
        """Map (b, n, inputs) to (b, n, outputs), in the precision's own type; a decode step's n is 1."""
        ...


class DenseProjection(Projection):
    """Weights and arithmetic in one data type."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        self._weight = weight.to(dtype).contiguous()
        self._bias = None if bias is None else bias.to(dtype)

    @override
    def __call__(self, rows: Tensor) -> Tensor:
        return functional.linear(rows.to(self._weight.dtype), self._weight, self._bias)


class Int8Projection(Projection):
    """8-bit weights for decode steps, and bfloat16 ones for prefills, which multiply many rows faster.

    A step computes each row independently: the number and content of the other rows change nothing. From
    about 16 streams on bfloat16 would be faster, but not independent.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        largest = torch.maximum(weight.amax(dim=1), -weight.amin(dim=1))
        self._scales = (largest.clamp(min=1e-8) / _INT8_MAX).bfloat16()
        self._weight = torch.empty(weight.shape, dtype=torch.int8)
        wide = torch.empty(weight.shape, dtype=torch.bfloat16)
        # In tiles: copies of the whole matrix would take three times the final memory, and allocating
        # memory is most of a cold start on the CPU.
        for first in range(0, len(weight), _TILE):
            rows = slice(first, first + _TILE)
            tile = weight[rows].t().contiguous()  # (inputs, outputs), as in a checkpoint
            wide[rows] = tile.bfloat16().t()
            tile.div_(self._scales[rows].float()).round_().clamp_(-_INT8_MAX, _INT8_MAX)
            self._weight[rows] = tile.to(torch.int8).t()
        self._bias = bias.bfloat16()
        self._wide = DenseProjection(wide, bias, torch.bfloat16)

    @override
    def __call__(self, rows: Tensor) -> Tensor:
        if rows.shape[-2] > 1:
            return self._wide(rows)
        flat = rows.reshape(-1, rows.shape[-1]).bfloat16()
        product: Tensor = torch._weight_int8pack_mm(flat, self._weight, self._scales)  # noqa: SLF001 - the operator has no public name
        return (product + self._bias).view(*rows.shape[:-1], -1)


def make_projection(weight: Tensor, bias: Tensor, precision: T3Precision) -> Projection:
    """Store float32 ``weight`` (outputs, inputs) and ``bias`` (outputs,) in a resolved precision."""
    if precision is T3Precision.INT8:
        return Int8Projection(weight, bias)
    return DenseProjection(weight, bias, precision.dtype)
