"""Voices and texts for T3, stock's T3 over the same file, and a decoder without a scheduler."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.kv_cache import VoicePrefix
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.slots import MAX_SPEECH_TOKENS
from worker.engine.chatterbox.t3.utterance import T3Voice, Utterance

GREEDY = Sampling(temperature=0.0)


class Join(NamedTuple):
    """An utterance and its slot, as ``Decoder.prefill`` takes them."""

    slot: int
    utterance: Utterance


@dataclass(frozen=True, eq=False)
class Spoken:
    """A text in a voice: what stock's T3 and ours both begin with."""

    speaker_embedding: Tensor
    prompt: Tensor
    text: Tensor

    @classmethod
    def random(cls, seed: int, *, prompt: int = 30, text: int = 12) -> "Spoken":
        """Draw a voice of ``prompt`` speech tokens, and ``text`` text tokens."""
        generator = torch.Generator().manual_seed(seed)
        speaker = torch.randn(1, 256, generator=generator)
        return cls(
            speaker / speaker.norm(),
            torch.randint(6561, (1, prompt), generator=generator),
            torch.randint(50_000, (1, text), generator=generator),
        )

    def join(
        self,
        t3: T3,
        slot: int = 0,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        prefix: VoicePrefix | None = None,
    ) -> Join:
        """Return how it gets a slot."""
        with torch.inference_mode():
            conditionals = t3.embed_conditionals(self.speaker_embedding, self.prompt)
            text = t3.embed_text(self.text[0])
        return Join(slot, Utterance(T3Voice(conditionals, prefix), text, sampling, seed, MAX_SPEECH_TOKENS))


def prefix_of(t3: T3, spoken: Spoken) -> VoicePrefix:
    """Compute a voice's prefix, as its first utterance does."""
    decoder = Decoder(t3, 1, 512)
    join = spoken.join(t3)
    decoder.prefill([join])
    return decoder.prefix_of(0, len(join.utterance.voice.conditionals))


def decode(decoder: Decoder, joins: Sequence[Join], count: int) -> list[list[int]]:
    """Decode ``count`` tokens of each, side by side, whether or not a stop token is among them."""
    tokens = [[first] for first in decoder.prefill(joins).wait()]
    for _ in range(count - 1):
        row = decoder.step().wait()
        for own, join in zip(tokens, joins, strict=True):
            own.append(row[join.slot])
    return tokens


def decode_alone(t3: T3, join: Join, count: int, length: int = 512) -> list[int]:
    """Decode one in a decoder of its own."""
    return decode(Decoder(t3, 1, length), [Join(0, join.utterance)], count)[0]


def load_stock_t3(file: Path, *, small: bool) -> Any:
    """Build stock's T3 as its ``ChatterboxTurboTTS.from_local`` does."""
    from safetensors.torch import load_file

    from synthetic.checkpoint import small_gpt2_medium
    from synthetic.stock import T3 as StockT3  # noqa: N811 - two of that name here
    from synthetic.stock import T3Config
    from worker.engine.chatterbox.uninitialized import Uninitialized
    from worker.engine.chatterbox.upstream import without_warnings

    hp = T3Config(text_tokens_dict_size=50276)
    hp.llama_config_name = "GPT2_medium"
    hp.speech_tokens_dict_size = 6563
    hp.input_pos_emb = None
    hp.speech_cond_prompt_len = 375
    hp.use_perceiver_resampler = False
    hp.emotion_adv = False
    with small_gpt2_medium() if small else nullcontext(), Uninitialized(), without_warnings():
        t3: Any = StockT3(hp)
    t3.load_state_dict(load_file(file))
    del t3.tfmr.wte
    return t3.requires_grad_(False).eval()


@contextmanager
def always_the_likeliest() -> Iterator[None]:
    """Within it, stock draws greedily from what its processors leave."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "multinomial", lambda probs, num_samples: probs.argmax(-1, keepdim=True))
        yield


@torch.inference_mode()
def stock_tokens(stock: Any, spoken: Spoken, **options: Any) -> list[int]:
    """Let stock decode."""
    from synthetic.stock import T3Cond

    conditionals = T3Cond(speaker_emb=spoken.speaker_embedding, cond_prompt_speech_tokens=spoken.prompt)
    tokens = stock.inference_turbo(t3_cond=conditionals, text_tokens=spoken.text, **options)
    return [int(token) for token in tokens[0]]
