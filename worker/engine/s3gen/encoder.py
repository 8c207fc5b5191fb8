"""The flow's encoder: speech tokens to what its estimator is conditioned on, two frames a token.

Upstream's ``UpsampleConformerEncoder`` and the projection behind it, over the same weights.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.s3gen.affine import Affine, Norm, attend, causal, heads, join_heads, key_bias, neighbours
from worker.engine.s3gen.batch import LOOKAHEAD

_HEADS = 8


class FlowEncoder:
    """Over upstream's flow (``CausalMaskedDiffWithXvec``); holds no state but tables of its weights."""

    def __init__(self, flow: Any, dtype: torch.dtype) -> None:
        encoder = flow.encoder
        self.dtype = dtype
        self._scale = math.sqrt(encoder._output_size)  # noqa: SLF001 - upstream gives it no other name
        # What the first layers make of a token depends on nothing else: looked up instead of computed.
        self._table = (encoder.embed.out(flow.input_embedding.weight) * self._scale).to(dtype)
        first, second = encoder.pre_lookahead_layer.conv1, encoder.pre_lookahead_layer.conv2
        self._ahead, self._behind = Affine.of(first, dtype), Affine.of(second, dtype)
        positions = _RelativePositions(encoder.embed.pos_enc)
        self._layers = [_Layer(layer, positions, dtype) for layer in encoder.encoders]
        self._up = Affine.of(encoder.up_layer.conv, dtype)
        self._up_linear = Affine.of(encoder.up_embed.out[0], dtype)
        self._up_norm = Norm(encoder.up_embed.out[1], dtype)
        self._up_layers = [_Layer(layer, positions, dtype) for layer in encoder.up_encoders]
        self._norm = Norm(encoder.after_norm, dtype)
        self._project = Affine.of(flow.encoder_proj, dtype)

    def __call__(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Encode tokens (batch, n), of which each row's first ``lengths`` (batch,) count; None: all.

        Returns (batch, 2n, 80). The last six frames of a row have seen zeros for the tokens to come.
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
        return x + self._behind(causal(functional.leaky_relu(self._ahead(ahead)), 3))


class _Layer:
    """A conformer layer without convolution: attention over relative positions, and a feed-forward."""

    def __init__(self, layer: Any, positions: "_RelativePositions", dtype: torch.dtype) -> None:
        attention = layer.self_attn
        scale = 1 / math.sqrt(attention.d_k)
        parts = (attention.linear_q, attention.linear_k, attention.linear_v)
        weight = torch.cat([part.weight for part in parts])
        bias = torch.cat([part.bias for part in parts])
        self._qkv = Affine(weight, bias, dtype)
        self._out = Affine.of(attention.linear_out, dtype)
        # Scaled here rather than all the scores afterwards; by a power of two, so without rounding.
        self._content = (attention.pos_bias_u * scale).to(dtype)[:, None]
        self._place = (attention.pos_bias_v * scale).to(dtype)[:, None]
        self._scale = scale
        self._positions = positions
        self._linear_pos = attention.linear_pos
        self._tables: dict[int, Tensor] = {}
        self._attention_norm = Norm(layer.norm_mha, dtype)
        self._feed_norm = Norm(layer.norm_ff, dtype)
        self._widen = Affine.of(layer.feed_forward.w_1, dtype)
        self._narrow = Affine.of(layer.feed_forward.w_2, dtype)

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
        # For a power of two, and never given back: a captured graph reads it where it was.
        room = 1 << (length - 1).bit_length()
        if room not in self._tables:
            table = self._linear_pos(self._positions.table(room, x.device))
            self._tables[room] = heads(table.to(x.dtype), 1, _HEADS)[0][0]
        return self._tables[room][:, room - length : room + length - 1]

    @staticmethod
    def _by_distance(scores: Tensor) -> Tensor:
        """Turn scores by distance (batch, heads, n, 2n - 1) into scores by key (batch, heads, n, n).

        Query i meets key j at distance i - j, which is column n - 1 - i + j: each row is read one
        column earlier than the row before, which strides express without a copy.
        """
        batch, count, length, columns = scores.shape
        row = length * columns
        strides = (count * row, row, columns - 1, 1)
        return scores.contiguous().as_strided((batch, count, length, length), strides, length - 1)


class _RelativePositions:
    """Upstream's table of sines of distances, as long as is asked for."""

    def __init__(self, encoding: Any) -> None:
        self._encoding = encoding

    def table(self, length: int, device: torch.device) -> Tensor:
        """Return the distances length - 1 down to 1 - length: (1, 2 * length - 1, 512)."""
        self._encoding.extend_pe(torch.empty(1, length, device=device))
        table: Tensor = self._encoding.position_encoding(size=length, offset=0)
        return table
