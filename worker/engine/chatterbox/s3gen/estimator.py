"""The flow's estimator: the direction from noise to mel.

Upstream's ``ConditionalDecoder`` over the same weights. All tensors are (batch, frames, channels); upstream
transposes to (batch, channels, frames) and back around each of its 14 residual blocks. Values that depend
on the Euler step alone are computed once. Upstream multiplies by a mask in each block; here none is needed,
since the padding is at the end, the convolutions are causal, and attention masks it.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.chatterbox.s3gen.affine import Affine, Norm, attend, causal, heads, join_heads
from worker.engine.weights import Weights

_HEADS = 8
_TIMES_PER_STEP = 1000.0
_SLOWEST = 10_000.0
"""The longest wavelength of a time's sines, in units of 2 pi; the shortest is 1."""


class Estimator:
    """Upstream's estimator of a meanflow checkpoint, for a number of Euler steps."""

    def __init__(self, estimator: Weights, steps: int, dtype: torch.dtype) -> None:
        moments = _moments(estimator, steps)
        (down,), (up,) = estimator.listed("down_blocks"), estimator.listed("up_blocks")
        blocks = [down, *estimator.listed("mid_blocks"), up]
        self._blocks = [_Block(block, moments, dtype) for block in blocks]
        self._after_down, self._after_up = (Affine.of(block.under("2"), dtype) for block in (down, up))
        self._final = _CausalBlock(estimator.under("final_block"), dtype)
        self._project = Affine.of(estimator.under("final_proj"), dtype)

    def __call__(self, x: Tensor, conditions: Tensor, step: int, bias: Tensor | None) -> Tensor:
        """Return the direction (batch, frames, 80) at an Euler step for x (batch, frames, 80).

        ``conditions`` (batch, frames, 240): the encoder's output, the x-vector's, the prompt's mel.
        ``bias`` (batch, 1, 1, frames) masks padding.
        """
        first, *middle, last = self._blocks
        skipped = first(torch.cat([x, conditions], dim=-1), step, bias)
        x = self._after_down(causal(skipped, 3))
        for block in middle:
            x = block(x, step, bias)
        x = last(torch.cat([x, skipped], dim=-1), step, bias)
        return self._project(self._final(self._after_up(causal(x, 3))))


def _moments(estimator: Weights, steps: int) -> Tensor:
    """Embed the start and end of each Euler step: (steps, 1024)."""
    first, second = (estimator.under(f"time_mlp.linear_{layer}") for layer in (1, 2))
    weight = first.own("weight")
    times = torch.linspace(0, 1, steps + 1, device=weight.device)
    hidden = functional.silu(functional.linear(_sines(times, weight.shape[1]), weight, first.own("bias")))
    embedded = functional.linear(hidden, second.own("weight"), second.own("bias"))
    mixer = estimator.own("time_embed_mixer.weight")
    return functional.linear(torch.cat([embedded[:-1], embedded[1:]], dim=-1), mixer)


def _sines(times: Tensor, width: int) -> Tensor:
    """Return the sines, then the cosines, of times (n,) at geometric frequencies: (n, width)."""
    count = width // 2
    falls = -math.log(_SLOWEST) / (count - 1)
    frequencies = torch.exp(torch.arange(count, device=times.device).float() * falls)
    angles = _TIMES_PER_STEP * times[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class _CausalBlock:
    """Convolution of width 3 over the past, norm, Mish."""

    def __init__(self, module: Weights, dtype: torch.dtype) -> None:
        self._convolve = Affine.of(module.under("block.0"), dtype)
        self._norm = Norm(module.under("block.2"), dtype)

    def __call__(self, x: Tensor) -> Tensor:
        return functional.mish(self._norm(self._convolve(causal(x, 3))))


class _Block:
    """A residual block with the step's embedding, then transformer blocks."""

    def __init__(self, block: Weights, moments: Tensor, dtype: torch.dtype) -> None:
        resnet = block.under("0")
        self._first, self._second = (_CausalBlock(resnet.under(f"block{part}"), dtype) for part in (1, 2))
        self._shortcut = Affine.of(resnet.under("res_conv"), dtype)
        weight, bias = resnet.own("mlp.1.weight"), resnet.own("mlp.1.bias")
        self._moments = functional.linear(functional.mish(moments), weight, bias).to(dtype)
        self._transformers = [_Transformer(each, dtype) for each in block.listed("1")]

    def __call__(self, x: Tensor, step: int, bias: Tensor | None) -> Tensor:
        x = self._second(self._first(x) + self._moments[step]) + self._shortcut(x)
        for transformer in self._transformers:
            x = transformer(x, bias)
        return x


class _Transformer:
    """Attention over all frames, and a feed-forward."""

    def __init__(self, block: Weights, dtype: torch.dtype) -> None:
        attention = block.under("attn1")
        query, key, value = (attention[f"to_{part}.weight"] for part in "qkv")
        # The query's weights are scaled instead of the scores; a power of two, so without rounding.
        scale = 1 / math.sqrt(len(query) // _HEADS)
        self._qkv = Affine(torch.cat([query * scale, key, value]), None, dtype)
        self._out = Affine.of(attention.under("to_out.0"), dtype)
        self._attention_norm, self._feed_norm = (Norm(block.under(f"norm{part}"), dtype) for part in (1, 3))
        feed = block.under("ff.net")
        self._widen, self._narrow = Affine.of(feed.under("0.proj"), dtype), Affine.of(feed.under("2"), dtype)

    def __call__(self, x: Tensor, bias: Tensor | None) -> Tensor:
        query, key, value = heads(self._qkv(self._attention_norm(x)), 3, _HEADS)
        x = x + self._out(join_heads(attend(query, key, value, bias)))
        return x + self._narrow(functional.gelu(self._widen(self._feed_norm(x))))
