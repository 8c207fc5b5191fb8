"""Effect of fewer bits on T3's next-token distributions, along the same speech."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.report import Result
from worker.engine.chatterbox.t3.attention import CachedAttention
from worker.engine.chatterbox.t3.decoder import Decoder, cache_dtype
from worker.engine.chatterbox.t3.kv_cache import KVCache
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.utterance import T3Voice, Utterance
from worker.engine.precision import T3Precision

_TOKENS = 48


def divergences(models: Mapping[T3Precision, T3], utterance_of: Callable[[], Utterance]) -> list[Result]:
    """Compare every precision with float32, along float32's tokens with stock's default options."""
    exact = models[T3Precision.FLOAT32]
    tokens = spoken_by(exact, utterance_of(), _TOKENS)
    right = logits_along(exact, utterance_of(), tokens)
    results = []
    for precision, t3 in models.items():
        if t3 is not exact:
            share, divergence = compare(right, logits_along(t3, utterance_of(), tokens))
            case = f"t3/{precision.value} against float32"
            results.append(Result(case, "same_likeliest_token", round(share, 3)))
            results.append(Result(case, "kl_nats", round(divergence, 9)))
    return results


def spoken_by(t3: T3, utterance: Utterance, count: int) -> list[int]:
    """Generate a model's tokens with stock's default options."""
    decoder = Decoder(t3, 1, _room(utterance, count))
    voice = T3Voice(utterance.voice.conditionals)
    again = replace(utterance, voice=voice, sampling=Sampling(), seed=0)
    tokens = decoder.prefill([(0, again)]).wait()
    while len(tokens) < count:
        tokens += decoder.step().wait()
    return tokens


@torch.inference_mode()
def logits_along(t3: T3, utterance: Utterance, tokens: Sequence[int]) -> Tensor:
    """Return the logits before each of ``tokens``, each conditioned on the tokens before it: (n, v)."""
    length = _room(utterance, len(tokens))
    cache = KVCache(t3.sizes, 1, length, cache_dtype(t3), t3.device)
    slot = torch.zeros(1, dtype=torch.long, device=t3.device)
    inputs = torch.cat([utterance.voice.conditionals, utterance.text])[None]
    position = inputs.shape[1]
    positions = torch.arange(position, device=t3.device)[None]
    logits = []
    for token in (None, *tokens[:-1]):
        if token is not None:
            inputs = t3.embed_speech(torch.tensor([token], device=t3.device))[:, None]
            positions = torch.full((1, 1), position, device=t3.device)
            position += 1
        hidden = t3(inputs, positions, CachedAttention(cache, slot, positions, length))
        logits.append(t3.speech_logits(hidden[:, -1]))
    return torch.cat(logits)


def compare(right: Tensor, other: Tensor) -> tuple[float, float]:
    """Return the share of rows with the same likeliest token, and the mean divergence in nats."""
    share = (right.argmax(-1) == other.argmax(-1)).float().mean()
    likelihoods = right.double().log_softmax(-1)
    divergence = (likelihoods.exp() * (likelihoods - other.double().log_softmax(-1))).sum(-1).mean()
    return float(share), float(divergence)


def _room(utterance: Utterance, tokens: int) -> int:
    return len(utterance.voice.conditionals) + len(utterance.text) + tokens
