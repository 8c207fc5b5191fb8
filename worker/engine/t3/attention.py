"""Attention of new positions over a slot's cached keys and values."""

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.t3.kv_cache import KVCache


class CachedAttention:
    """Stores what a pass over some slots adds, and attends over all that they have so far."""

    def __init__(
        self, cache: KVCache, slots: Tensor, positions: Tensor, length: int, first_slots: int | None = None
    ) -> None:
        """Prepare for (b,) ``slots`` that gain the (b, n) ``positions``, all below ``length``.

        ``first_slots`` says that the slots are the first so many: they are read where they lie, and
        others are copied together.
        """
        self._cache = cache
        self._slots = slots
        self._positions = positions
        self._read = slice(first_slots) if first_slots is not None else slots
        self._length = length
        visible = torch.arange(length, device=positions.device) <= positions[:, None, :, None]
        mask = torch.zeros(visible.shape, dtype=cache.keys.dtype, device=positions.device)
        self._mask = mask.masked_fill_(~visible, -torch.inf)

    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Return what (b, heads, n, 64) queries attend to, in the cache's type."""
        self._cache.write(layer, self._slots, self._positions, keys, values)
        seen_keys = self._cache.keys[layer][self._read, :, : self._length]
        seen_values = self._cache.values[layer][self._read, :, : self._length]
        return functional.scaled_dot_product_attention(
            queries.to(seen_keys.dtype), seen_keys, seen_values, attn_mask=self._mask
        )
