"""T3's network: GPT-2 between the embeddings of conditionals, text and speech, and the speech head.

After chatterbox-tts 0.1.7 (models/t3/t3.py) and Hugging Face's GPT-2, whose tensors it loads by name.
The input is conditionals, text, speech, in this order; positions count through all three.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from worker.engine.chatterbox.t3.projections import Projection, make_projection
from worker.engine.precision import T3Precision
from worker.engine.weights import ReadTensor, map_in

HEAD_SIZE = 64
"""The head size of every GPT-2. With it the width, which the tensors give, gives the number of heads."""

_NORM_EPSILON = 1e-5  # GPT-2's

Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""Called with a layer's index and its queries, keys and values, each (b, heads, n, 64)."""


@dataclass(frozen=True)
class T3Sizes:
    """The sizes of a T3, read from its tensors."""

    layers: int
    width: int
    heads: int
    positions: int
    """Upper bound of an input's length."""
    text_vocabulary: int
    speech_vocabulary: int

    @property
    def start_token(self) -> int:
        """The token before the first speech token."""
        return self.speech_vocabulary - 2

    @property
    def stop_token(self) -> int:
        """The token that ends speech."""
        return self.speech_vocabulary - 1


class LayerNorm:
    """Normalises the last dimension, in float32."""

    def __init__(self, read: ReadTensor, name: str) -> None:
        self._weight = read(f"{name}.weight").float()
        self._bias = read(f"{name}.bias").float()

    def __call__(self, hidden: Tensor) -> Tensor:
        """Normalise (..., width)."""
        return functional.layer_norm(hidden, self._weight.shape, self._weight, self._bias, _NORM_EPSILON)


class TransformerBlock:
    """One transformer layer; the residual stream stays in float32."""

    def __init__(self, read: ReadTensor, layer: int, heads: int, precision: T3Precision) -> None:
        def projection(name: str) -> Projection:
            # GPT-2 keeps its matrices as (inputs, outputs).
            weight = read(f"tfmr.h.{layer}.{name}.weight").float().t()
            return make_projection(weight, read(f"tfmr.h.{layer}.{name}.bias").float(), precision)

        self._layer = layer
        self._heads = heads
        self._norm_1 = LayerNorm(read, f"tfmr.h.{layer}.ln_1")
        self._norm_2 = LayerNorm(read, f"tfmr.h.{layer}.ln_2")
        self._attention_in = projection("attn.c_attn")
        self._attention_out = projection("attn.c_proj")
        self._expand = projection("mlp.c_fc")
        self._contract = projection("mlp.c_proj")

    def __call__(self, hidden: Tensor, attend: Attend) -> Tensor:
        """Map (b, n, width) to the same."""
        joined = self._attention_in(self._norm_1(hidden))
        queries, keys, values = (self._split_heads(part) for part in joined.chunk(3, dim=-1))
        attended = attend(self._layer, queries, keys, values).transpose(1, 2).reshape(hidden.shape)
        hidden = hidden + self._attention_out(attended)
        expanded = functional.gelu(self._expand(self._norm_2(hidden)), approximate="tanh")
        return hidden + self._contract(expanded)

    def _split_heads(self, part: Tensor) -> Tensor:
        return part.view(*part.shape[:-1], self._heads, HEAD_SIZE).transpose(1, 2)


class T3:
    """The loaded network, read-only; ``load`` constructs it."""

    def __init__(
        self, read: ReadTensor, sizes: T3Sizes, precision: T3Precision, threads: Executor | None = None
    ) -> None:
        """Take the tensors that ``read`` returns by their upstream names, the layers' on ``threads``."""

        def block(layer: int) -> TransformerBlock:
            return TransformerBlock(lambda name: map_in(read(name)), layer, sizes.heads, precision)

        self.sizes = sizes
        self.precision = precision
        self._speech_embeddings = read("speech_emb.weight").float()
        self._text_embeddings = read("text_emb.weight")
        self._positions = read("tfmr.wpe.weight").float()
        self._speaker = read("cond_enc.spkr_enc.weight").float(), read("cond_enc.spkr_enc.bias").float()
        self._blocks = list((threads.map if threads else map)(block, range(sizes.layers)))
        self._norm = LayerNorm(read, "tfmr.ln_f")
        # Logits are float32 in every precision: sampling compares them.
        self._speech_head = read("speech_head.weight").float(), read("speech_head.bias").float()

    @classmethod
    def load(
        cls,
        file: Path,
        device: torch.device,
        precision: T3Precision = T3Precision.AUTO,
        threads: Executor | None = None,
    ) -> "T3":
        """Load a checkpoint's T3, each tensor from the mapped file straight to the device.

        Raises ``OSError`` or ``SafetensorError`` for an unreadable file, and ``ValueError`` for another
        model's.
        """
        with safe_open(file, framework="pt", device=str(device)) as tensors:
            shapes = {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118 - not a mapping
            return cls(tensors.get_tensor, _sizes(shapes), precision.resolved(device), threads)

    @property
    def device(self) -> torch.device:
        """The network's device."""
        return self._positions.device

    def embed_conditionals(self, speaker_embedding: Tensor, prompt_tokens: Tensor) -> Tensor:
        """Embed a voice: (1, 256) and (1, n) speech tokens of its clip to (n + 1, width)."""
        speaker = functional.linear(speaker_embedding.float(), *self._speaker)
        return torch.cat([speaker, self._speech_embeddings[prompt_tokens[0]]])

    def embed_text(self, text_tokens: Tensor) -> Tensor:
        """Embed a text and the start token that follows it: (n,) to (n + 1, width)."""
        start = self._speech_embeddings[self.sizes.start_token]
        return torch.cat([self._text_embeddings[text_tokens].float(), start[None]])

    def embed_speech(self, speech_tokens: Tensor) -> Tensor:
        """Embed (b,) speech tokens as (b, width)."""
        return self._speech_embeddings[speech_tokens]

    def __call__(self, embeddings: Tensor, positions: Tensor, attend: Attend) -> Tensor:
        """Run all layers over (b, n, width) at (b, n) positions; the result is before the last norm."""
        hidden = embeddings + self._positions[positions]
        for block in self._blocks:
            hidden = block(hidden, attend)
        return hidden

    def speech_logits(self, hidden: Tensor) -> Tensor:
        """Return the next speech token's logits: (b, width) to (b, speech vocabulary), float32."""
        return functional.linear(self._norm(hidden), *self._speech_head)


def _sizes(shapes: Mapping[str, tuple[int, ...]]) -> T3Sizes:
    try:
        positions, width = shapes["tfmr.wpe.weight"]
        indices = [int(name.split(".")[2]) for name in shapes if name.startswith("tfmr.h.")]
        if not indices:
            raise ValueError("it has no tensor 'tfmr.h.*'")
        return T3Sizes(
            layers=1 + max(indices),
            width=width,
            heads=width // HEAD_SIZE,
            positions=positions,
            text_vocabulary=shapes["text_emb.weight"][0],
            speech_vocabulary=shapes["speech_emb.weight"][0],
        )
    except KeyError as error:
        raise ValueError(f"it has no tensor {error}") from error
