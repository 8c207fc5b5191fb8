"""The flow's encoder: speech tokens to the estimator's conditions, two frames per token.

Upstream's ``UpsampleConformerEncoder`` and the projection after it, over the same weights.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.chatterbox.s3gen.affine import (
    Affine,
    Norm,
    attend,
    causal,
    heads,
    join_heads,
    key_bias,
    neighbours,
)
from worker.engine.chatterbox.s3gen.batch import LOOKAHEAD
from worker.engine.weights import Weights

_HEADS = 8
_LAYER_EPSILON = 1e-12
_SLOWEST = 10_000.0
"""The longest wavelength of a distance's sines, in units of 2 pi; the shortest is 1."""


class FlowEncoder:
    """The encoder of upstream's flow (``CausalMaskedDiffWithXvec``); it keeps tables, and no state."""

    def __init__(self, flow: Weights, dtype: torch.dtype) -> None:
        encoder = flow.under("encoder")
        self.dtype = dtype
        embeddings = flow.own("input_embedding.weight")
        self._scale = math.sqrt(embeddings.shape[1])
        # The first layers' output for a token depends on that token alone, so it is a table.
        linear, norm = _linear_and_norm(encoder.under("embed"), torch.float32)
        self._table = (norm(linear(embeddings)) * self._scale).to(dtype)
        ahead = encoder.under("pre_lookahead_layer")
        self._ahead = Affine.of(ahead.under("conv1"), dtype)
        self._after = Affine.of(ahead.under("conv2"), dtype)
        self._layers = [_Layer(layer, dtype) for layer in encoder.listed("encoders")]
        self._up = Affine.of(encoder.under("up_layer.conv"), dtype)
        self._up_linear, self._up_norm = _linear_and_norm(encoder.under("up_embed"), dtype)
        self._up_layers = [_Layer(layer, dtype) for layer in encoder.listed("up_encoders")]
        self._norm = Norm(encoder.under("after_norm"), dtype)
        self._project = Affine.of(flow.under("encoder_proj"), dtype)

    def __call__(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Encode tokens (batch, n); after ``lengths`` (batch,) they are padding, with None there is none.

        Returns (batch, 2n, 80). The last six frames of a row depend on zeros in place of later tokens.
        """
        x = self._table[tokens]
        if lengths is not None:
            x = x * (torch.arange(tokens.shape[1], device=x.device) < lengths[:, None])[..., None]
        x = self._look_ahead(x)
        for layer in self._layers:
            x = layer(x, None if lengths is None else key_bias(lengths, x.shape[1], self.dtype))
        x = self._up(causal(x.repeat_interleave(2, dim=1), 5))
        x = self._up_norm(self._up_linear(x)) * self._scale
        for layer in self._up_layers:
            x = layer(x, None if lengths is None else key_bias(2 * lengths, x.shape[1], self.dtype))
        return self._project(self._norm(x))

    def _look_ahead(self, x: Tensor) -> Tensor:
        ahead = neighbours(functional.pad(x, (0, 0, 0, LOOKAHEAD)), LOOKAHEAD + 1)
        return x + self._after(causal(functional.leaky_relu(self._ahead(ahead)), 3))


def _linear_and_norm(embed: Weights, dtype: torch.dtype) -> tuple[Affine, Norm]:
    return Affine.of(embed.under("out.0"), dtype), Norm(embed.under("out.1"), dtype)


class _Layer:
    """A conformer layer without convolution: attention over relative positions, and a feed-forward."""

    def __init__(self, layer: Weights, dtype: torch.dtype) -> None:
        attention = layer.under("self_attn")
        parts = [attention.under(f"linear_{part}") for part in "qkv"]
        weight = torch.cat([part["weight"] for part in parts])
        self._qkv = Affine(weight, torch.cat([part["bias"] for part in parts]), dtype)
        self._out = Affine.of(attention.under("linear_out"), dtype)
        content, place = attention["pos_bias_u"], attention["pos_bias_v"]
        # Scaled here instead of all scores later; a power of two, so without rounding.
        self._scale = 1 / math.sqrt(content.shape[1])
        self._content, self._place = ((each * self._scale).to(dtype)[:, None] for each in (content, place))
        self._of_distance = attention.own("linear_pos.weight")
        self._tables: dict[int, Tensor] = {}
        self._attention_norm = Norm(layer.under("norm_mha"), dtype, _LAYER_EPSILON)
        self._feed_norm = Norm(layer.under("norm_ff"), dtype, _LAYER_EPSILON)
        self._widen = Affine.of(layer.under("feed_forward.w_1"), dtype)
        self._narrow = Affine.of(layer.under("feed_forward.w_2"), dtype)

    def __call__(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Return x (batch, n, 512), transformed; ``bias`` (batch, 1, 1, n) hides padding."""
        query, key, value = heads(self._qkv(self._attention_norm(x)), 3, _HEADS)
        query = query * self._scale
        place = self._by_distance((query + self._place) @ self._keys_of_distances(x).transpose(-1, -2))
        place = place if bias is None else place + bias
        x = x + self._out(join_heads(attend(query + self._content, key, value, place)))
        return x + self._narrow(functional.silu(self._widen(self._feed_norm(x))))

    def _keys_of_distances(self, x: Tensor) -> Tensor:
        """Return the keys (heads, 2n - 1, 64) of the distances n - 1 down to 1 - n."""
        length = x.shape[1]
        # Sized for a power of two, and never freed: a captured graph reads it at its address.
        room = 1 << (length - 1).bit_length()
        if room not in self._tables:
            sines = _sines_of_distances(room, len(self._of_distance)).to(x.device)
            table = functional.linear(sines[None], self._of_distance)
            self._tables[room] = heads(table.to(x.dtype), 1, _HEADS)[0][0]
        return self._tables[room][:, room - length : room + length - 1]

    @staticmethod
    def _by_distance(scores: Tensor) -> Tensor:
        """Turn scores by distance (batch, heads, n, 2n - 1) into scores by key (batch, heads, n, n).

        Query i and key j have the distance i - j, which is column n - 1 - i + j: each row starts one
        column earlier than the previous row, which strides express without a copy.
        """
        batch, count, length, columns = scores.shape
        row = length * columns
        strides = (count * row, row, columns - 1, 1)
        return scores.contiguous().as_strided((batch, count, length, length), strides, length - 1)


def _sines_of_distances(length: int, width: int) -> Tensor:
    """Return sines and cosines, in turn, of the distances length - 1 down to 1 - length: (.., width)."""
    distances = torch.arange(length - 1, -length, -1.0)[:, None]
    frequencies = torch.exp(torch.arange(0, width, 2.0) * (-math.log(_SLOWEST) / width))
    angles = distances * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
