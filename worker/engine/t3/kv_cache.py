"""Keys and values of every slot, allocated once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.t3.model import HEAD_SIZE, T3Sizes


@dataclass(frozen=True, eq=False)
class VoicePrefix:
    """The keys and values of a voice's conditionals: the same for every text, since GPT-2 is causal."""

    keys: Tensor
    """(layers, heads, n, 64)."""
    values: Tensor

    @property
    def length(self) -> int:
        """Positions that it takes: the speaker embedding's and the prompt's."""
        return self.keys.shape[2]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.keys.nbytes + self.values.nbytes


class KVCache:
    """Keys and values, (layers, slots, heads, length, 64) each. All writes go through here."""

    def __init__(
        self, sizes: T3Sizes, slots: int, length: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (sizes.layers, slots, sizes.heads, length, HEAD_SIZE)
        # Zeros and not what lies in memory: a masked NaN would still be one after the product with 0.
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)

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
        """Begin a slot with a voice."""
        self.keys[:, slot, :, : prefix.length] = prefix.keys
        self.values[:, slot, :, : prefix.length] = prefix.values

    def save_prefix(self, slot: int, length: int) -> VoicePrefix:
        """Copy the first positions of a slot out."""
        return VoicePrefix(self.keys[:, slot, :, :length].clone(), self.values[:, slot, :, :length].clone())

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first positions of a slot to another."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]
