"""Attention of new positions over a slot's cached keys and values."""

import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from worker.engine.chatterbox.t3.kv_cache import KVCache, VoicePrefix
from worker.engine.chatterbox.t3.model import HEAD_SIZE


class CachedAttention:
    """Stores a pass's keys and values, and attends over all that its slots have so far."""

    def __init__(
        self, cache: KVCache, slots: Tensor, positions: Tensor, length: int, first_slots: int | None = None
    ) -> None:
        """Prepare for (b,) ``slots`` that gain the (b, n) ``positions``, all below ``length``.

        ``first_slots`` is the number of slots if they are the first ones, which are read in place; other
        slots are gathered into a copy.
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
        """Return the attention's output for (b, heads, n, 64) queries, in the cache's type."""
        self._cache.write(layer, self._slots, self._positions, keys, values)
        seen_keys = self._cache.keys[layer][self._read, :, : self._length]
        seen_values = self._cache.values[layer][self._read, :, : self._length]
        return functional.scaled_dot_product_attention(
            queries.to(seen_keys.dtype), seen_keys, seen_values, attn_mask=self._mask
        )


class SharedPrefixAttention(CachedAttention):
    """A decode step of the first slots when all of them speak in one voice.

    It reads the voice's keys and values, more than half of all, once instead of once per slot: on a CPU a
    step of several streams is limited by memory bandwidth.
    """

    def __init__(
        self, cache: KVCache, slots: Tensor, positions: Tensor, length: int, prefix: VoicePrefix
    ) -> None:
        """Prepare for (b,) ``slots``, the first b, that gain the (b, 1) ``positions`` after ``prefix``."""
        super().__init__(cache, slots, positions, length, first_slots=len(slots))
        self._prefix = prefix
        self._own_mask = self._mask[..., prefix.length :]

    @override
    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        self._cache.write(layer, self._slots, self._positions, keys, values)
        own = slice(self._prefix.length, self._length)
        queries = queries.to(self._cache.keys.dtype) * HEAD_SIZE**-0.5
        shared_scores = queries.transpose(0, 2) @ self._prefix.keys[layer].mT  # (1, heads, b, n)
        own_scores = queries @ self._cache.keys[layer][self._read, :, own].mT + self._own_mask
        likelihoods = torch.cat([shared_scores.transpose(0, 2), own_scores], dim=-1).softmax(-1)
        of_shared, of_own = likelihoods.tensor_split([self._prefix.length], dim=-1)
        shared: Tensor = of_shared.transpose(0, 2) @ self._prefix.values[layer]
        return shared.transpose(0, 2) + of_own @ self._cache.values[layer][self._read, :, own]
