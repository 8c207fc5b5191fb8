"""The flow's estimator: the direction from noise to mel.

Upstream's ``ConditionalDecoder`` over the same weights. Everything is (batch, frames, channels),
where upstream turns to (batch, channels, frames) and back around each of its 14 residual blocks;
what depends on the Euler step alone is computed once. Upstream multiplies by a mask in each block:
convolutions that look back and attention that does not see the padding make it needless, since the
padding stands at the end.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.s3gen.affine import Affine, Norm, attend, causal, heads, join_heads

_HEADS = 8


class Estimator:
    """Over upstream's estimator of a meanflow checkpoint, for a number of Euler steps."""

    def __init__(self, estimator: Any, steps: int, dtype: torch.dtype) -> None:
        moments = _moments(estimator, steps)
        (down,), (up,) = estimator.down_blocks, estimator.up_blocks
        blocks = [down, *estimator.mid_blocks, up]
        self._blocks = [_Block(block[0], block[1], moments, dtype) for block in blocks]
        self._after_down, self._after_up = Affine.of(down[2], dtype), Affine.of(up[2], dtype)
        self._final = _CausalBlock(estimator.final_block, dtype)
        self._project = Affine.of(estimator.final_proj, dtype)

    def __call__(self, x: Tensor, conditions: Tensor, step: int, bias: Tensor | None) -> Tensor:
        """Return the direction (batch, frames, 80) at a step from x (batch, frames, 80).

        ``conditions`` (batch, frames, 240): the encoder's output, the x-vector's, the prompt's mel.
        ``bias`` (batch, 1, 1, frames) hides padding.
        """
        first, *middle, last = self._blocks
        skipped = first(torch.cat([x, conditions], dim=-1), step, bias)
        x = self._after_down(causal(skipped, 3))
        for block in middle:
            x = block(x, step, bias)
        x = last(torch.cat([x, skipped], dim=-1), step, bias)
        return self._project(self._final(self._after_up(causal(x, 3))))


def _moments(estimator: Any, steps: int) -> Tensor:
    """Embed the begin and end of each Euler step: (steps, 1024)."""
    weight = estimator.final_proj.weight
    times = torch.linspace(0, 1, steps + 1, device=weight.device, dtype=weight.dtype)
    embedded = estimator.time_mlp(estimator.time_embeddings(times))
    moments: Tensor = estimator.time_embed_mixer(torch.cat([embedded[:-1], embedded[1:]], dim=-1))
    return moments


class _CausalBlock:
    """Convolution of width 3 over the past, norm, Mish."""

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        self._convolve = Affine.of(module.block[0], dtype)
        self._norm = Norm(module.block[2], dtype)

    def __call__(self, x: Tensor) -> Tensor:
        return functional.mish(self._norm(self._convolve(causal(x, 3))))


class _Block:
    """A residual block with the step's embedding, then transformer blocks."""

    def __init__(self, resnet: Any, transformers: Any, moments: Tensor, dtype: torch.dtype) -> None:
        self._first, self._second = _CausalBlock(resnet.block1, dtype), _CausalBlock(resnet.block2, dtype)
        self._shortcut = Affine.of(resnet.res_conv, dtype)
        self._moments = resnet.mlp(moments).to(dtype)
        self._transformers = [_Transformer(block, dtype) for block in transformers]

    def __call__(self, x: Tensor, step: int, bias: Tensor | None) -> Tensor:
        x = self._second(self._first(x) + self._moments[step]) + self._shortcut(x)
        for transformer in self._transformers:
            x = transformer(x, bias)
        return x


class _Transformer:
    """Attention over all frames, and a feed-forward."""

    def __init__(self, block: Any, dtype: torch.dtype) -> None:
        attention = block.attn1
        scale = 1 / math.sqrt(attention.to_q.out_features // _HEADS)
        # The query's weights are scaled instead of the scores; by a power of two, so without rounding.
        parts = [attention.to_q.weight * scale, attention.to_k.weight, attention.to_v.weight]
        self._qkv = Affine(torch.cat(parts), None, dtype)
        self._out = Affine.of(attention.to_out[0], dtype)
        self._attention_norm, self._feed_norm = Norm(block.norm1, dtype), Norm(block.norm3, dtype)
        self._widen, self._narrow = Affine.of(block.ff.net[0].proj, dtype), Affine.of(block.ff.net[2], dtype)

    def __call__(self, x: Tensor, bias: Tensor | None) -> Tensor:
        query, key, value = heads(self._qkv(self._attention_norm(x)), 3, _HEADS)
        x = x + self._out(join_heads(attend(query, key, value, bias)))
        return x + self._narrow(functional.gelu(self._widen(self._feed_norm(x))))
