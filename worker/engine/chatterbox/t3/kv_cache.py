"""The key-value cache of all slots, allocated once."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from worker.engine.chatterbox.t3.model import HEAD_SIZE, T3Sizes

_ALIGNMENT = 64  # bytes, as torch allocates on the CPU


@dataclass(frozen=True, eq=False)
class VoicePrefix:
    """The keys and values of a voice's conditionals: equal for every text, since GPT-2 is causal."""

    keys: Tensor
    """(layers, heads, n, 64)."""
    values: Tensor

    @property
    def length(self) -> int:
        """Number of positions: the speaker embedding's and the prompt's."""
        return self.keys.shape[2]

    @property
    def nbytes(self) -> int:
        """Memory that the prefix takes."""
        return self.keys.nbytes + self.values.nbytes


class KVCache:
    """Keys and values, (layers, slots, heads, length, 64) each. Only its methods write them."""

    def __init__(
        self, sizes: T3Sizes, slots: int, length: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (sizes.layers, slots, sizes.heads, length, HEAD_SIZE)
        self.keys = _zeros(shape, dtype, device)
        self.values = _zeros(shape, dtype, device)

    @property
    def length(self) -> int:
        """Positions of a slot."""
        return self.keys.shape[3]

    @staticmethod
    def bytes_per_slot(sizes: T3Sizes, length: int, dtype: torch.dtype) -> int:
        """Return the memory that one slot takes."""
        return 2 * sizes.layers * sizes.width * length * dtype.itemsize

    def write(self, layer: int, slots: Tensor, positions: Tensor, keys: Tensor, values: Tensor) -> None:
        """Store (b, heads, n, 64) at the (b, n) positions of (b,) slots."""
        where = slots[:, None], slice(None), positions
        self.keys[layer][where] = keys.transpose(1, 2).to(self.keys.dtype)
        self.values[layer][where] = values.transpose(1, 2).to(self.values.dtype)

    def load_prefix(self, slot: int, prefix: VoicePrefix) -> None:
        """Copy a voice to the beginning of a slot."""
        self.keys[:, slot, :, : prefix.length] = prefix.keys
        self.values[:, slot, :, : prefix.length] = prefix.values

    def save_prefix(self, slot: int, length: int) -> VoicePrefix:
        """Return a copy of a slot's first positions."""
        return VoicePrefix(self.keys[:, slot, :, :length].clone(), self.values[:, slot, :, :length].clone())

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first positions of a slot to another."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Allocate zeros: uninitialised memory may contain NaN, which a mask cannot hide from a product.

    On the CPU the system provides zeroed memory on its first write. torch would write all of it at once,
    which takes a second and gigabytes before the first request.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return torch.from_numpy(memory[start : start + size]).view(dtype).view(shape)
