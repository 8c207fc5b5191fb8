"""Sampling: choose the next speech token of every slot, by its own options and random numbers.

The rules are those of stock's ``inference_turbo``, in its order: temperature, top-k, top-p, repetition
penalty, draw. Stock applies them to the whole vocabulary and sorts it twice. Here the likeliest candidates
are selected once, in descending order, and all rules apply to them: top-k drops the others anyway.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.base import SpeechOptions

CANDIDATES = 1024
"""Stock's top-k of 1,000, and 24 more that may be as likely as the last of them."""

MOST_TOP_K = 1000
"""Upper bound of a top-k without sorting the whole vocabulary."""

# Odd multipliers, whose products modulo 2^64 carry every bit of a factor to the upper ones: the
# fractions of the golden ratio, of the square roots of 2 and 3, and of pi.
_WEYL = 0x9E3779B97F4A7C15 - (1 << 64)
_MIXERS = ((0x6A09E667F3BCC909, 32), (0x243F6A8885A308D3, 29), (0x3B67AE8584CAA73B, 32))


@dataclass(frozen=True)
class Sampling:
    """A request's sampling options; the defaults are stock's."""

    temperature: float = 0.8
    """0 is greedy."""
    top_k: int = 1000
    """0 is unlimited."""
    top_p: float = 0.95
    repetition_penalty: float = 1.2

    @classmethod
    def from_options(cls, options: SpeechOptions) -> "Sampling":
        """Return the request's options, with defaults for those it leaves open."""
        asked = {name: getattr(options, name) for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in asked.items() if value is not None})

    @property
    def needs_all(self) -> bool:
        """Whether the choice is not limited to ``CANDIDATES``."""
        return not 0 < self.top_k <= MOST_TOP_K


@dataclass(frozen=True, eq=False)
class SamplingRows:
    """The options of several slots as tensors of (b, 1)."""

    temperature: Tensor
    top_k: Tensor
    tail: Tensor
    """1 - top_p, computed in double precision as in stock, and rounded once."""
    repetition_penalty: Tensor

    @classmethod
    def allocate(cls, slots: int, device: torch.device) -> "SamplingRows":
        """Allocate a row per slot."""
        column = torch.ones(slots, 1, device=device)
        return cls(column, column.long(), column.clone(), column.clone())

    def set(self, slot: int, sampling: Sampling) -> None:
        """Write a slot's options."""
        self.temperature[slot] = sampling.temperature
        self.top_k[slot] = sampling.top_k
        self.tail[slot] = 1 - sampling.top_p
        self.repetition_penalty[slot] = sampling.repetition_penalty

    def rows(self, slots: Tensor | slice) -> "SamplingRows":
        """Return some slots' rows."""
        return SamplingRows(
            self.temperature[slots],
            self.top_k[slots],
            self.tail[slots],
            self.repetition_penalty[slots],
        )


def choose_tokens(
    logits: Tensor, options: SamplingRows, seen: Tensor, keys: Tensor, *, whole: bool
) -> Tensor:
    """Choose a token a row: (b,) int64.

    ``logits`` (b, vocabulary) float32; ``seen`` (b, vocabulary) bool, the tokens to penalise;
    ``keys`` (b,) int64, a row's share of chance; ``whole`` takes every token for a candidate.
    """
    scores, tokens = candidates(logits, options, seen, whole=whole)
    handicap = torch.where(options.temperature == 0, 0.0, exponential(keys, tokens).log())
    # If no candidate has a finite time, the first wins: the likeliest, which every rule keeps.
    chosen = (scores - handicap).argmax(-1, keepdim=True)
    return tokens.gather(-1, chosen).squeeze(-1)


def candidates(logits: Tensor, options: SamplingRows, seen: Tensor, *, whole: bool) -> tuple[Tensor, Tensor]:
    """Return what every rule leaves of the scores, (b, candidates), and whose they are."""
    width = logits.shape[-1] if whole else min(CANDIDATES, logits.shape[-1])
    scores, tokens = logits.topk(width, dim=-1)
    scores = apply_temperature(scores, options.temperature)
    scores = keep_top_k(scores, options.top_k)
    scores = keep_top_p(scores, options.tail)
    return penalise(scores, seen.gather(-1, tokens), options.repetition_penalty), tokens


def apply_temperature(scores: Tensor, temperature: Tensor) -> Tensor:
    """Divide by the temperature; 0 changes nothing, since greedy sampling ignores the scale."""
    return scores / torch.where(temperature == 0, 1.0, temperature)


def keep_top_k(scores: Tensor, top_k: Tensor) -> Tensor:
    """Drop candidates less likely than the k-th of descending ``scores``; 0 keeps all."""
    last = torch.where(top_k == 0, scores.shape[-1], top_k).clamp(max=scores.shape[-1]) - 1
    return scores.masked_fill(scores < scores.gather(-1, last), -torch.inf)


def keep_top_p(scores: Tensor, tail: Tensor) -> Tensor:
    """Drop the least likely of descending ``scores`` whose sum is at most ``tail``; keep at least one."""
    likelihoods = scores.softmax(-1)
    with_all_below = likelihoods.flip(-1).cumsum(-1).flip(-1)
    dropped = (with_all_below <= tail) & (tail > 0)
    dropped[..., 0] = False
    return scores.masked_fill(dropped, -torch.inf)


def penalise(scores: Tensor, seen: Tensor, penalty: Tensor) -> Tensor:
    """Penalise the ``seen`` candidates, by the sign of their scores as in stock."""
    return torch.where(seen, torch.where(scores < 0, scores * penalty, scores / penalty), scores)


def exponential(keys: Tensor, tokens: Tensor) -> Tensor:
    """Return random times (b, n) of (b, n) tokens, exponentially distributed with mean 1.

    The token with the least time divided by likelihood is a draw by likelihood. A token's time depends on
    the row's key and on the token, not on its rank: rounding differs between batches, and can only change
    the draw between two almost equal candidates.
    """
    mixed = keys[:, None] + tokens * _WEYL
    for multiplier, shift in _MIXERS:
        # A right shift of a negative number fills with ones, so they are masked.
        mixed = (mixed ^ ((mixed >> shift) & ((1 << (64 - shift)) - 1))) * multiplier
    uniform = (((mixed >> 33) & 0x7FFFFFFF).float() + 0.5) * 2.0**-31
    return -torch.log1p(-uniform)
