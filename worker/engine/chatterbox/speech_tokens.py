"""T3's decode loop: from conditionals and text tokens to speech tokens, one at a time."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from worker.engine.base import IsCancelled, SpeechOptions

logger = logging.getLogger(__name__)

MAX_SPEECH_TOKENS = 1001
"""Stock's limit: the first token, then 1,000 decode steps. 40 s of audio."""

_BUDGET_FLOOR = 150
_BUDGET_PER_CHARACTER = 5


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen; the defaults are stock's."""

    temperature: float = 0.8
    top_k: int = 1000
    top_p: float = 0.95
    repetition_penalty: float = 1.2

    @classmethod
    def from_options(cls, options: SpeechOptions) -> "Sampling":
        """Take what the request sets, and the default where it sets nothing."""
        asked = {name: getattr(options, name) for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in asked.items() if value is not None})

    def processors(self) -> Any:
        """Return the rules that act on the logits, in stock's order."""
        rules = LogitsProcessorList()
        if self.temperature > 0 and self.temperature != 1.0:
            rules.append(TemperatureLogitsWarper(self.temperature))
        if self.top_k > 0:
            rules.append(TopKLogitsWarper(self.top_k))
        if self.top_p < 1.0:
            rules.append(TopPLogitsWarper(self.top_p))
        if self.repetition_penalty != 1.0:
            rules.append(RepetitionPenaltyLogitsProcessor(self.repetition_penalty))
        return rules

    def choose(self, logits: Tensor) -> Tensor:
        """Choose one token id (1, 1) by processed ``logits`` (1, vocabulary): the best at temperature 0."""
        if self.temperature == 0:
            return logits.argmax(dim=-1, keepdim=True)
        return torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1)


def token_budget(text: str) -> int:
    """Return how many speech tokens a text may take before it must be a runaway.

    6 s and then 0.2 s a character, at most stock's 40 s. Slow speech takes half of that, and the
    floor leaves room for a short text with laughter or a long pause.
    """
    return min(MAX_SPEECH_TOKENS, _BUDGET_FLOOR + _BUDGET_PER_CHARACTER * len(text))


@torch.inference_mode()
def embed_prompt(t3: Any, t3_cond: Any, text_tokens: Tensor) -> Tensor:
    """Embed conditionals, text tokens (1, n) and the start token: T3's input, (1, length, width).

    Upstream changes ``t3_cond``: pass a fresh one.
    """
    start = torch.full_like(text_tokens[:, :1], t3.hp.start_speech_token)
    prompt, _ = t3.prepare_input_embeds(t3_cond=t3_cond, text_tokens=text_tokens, speech_tokens=start)
    embedded: Tensor = prompt
    return embedded


@torch.inference_mode()
def decode_speech_tokens(
    t3: Any, prompt: Tensor, sampling: Sampling, cancelled: IsCancelled, max_tokens: int = MAX_SPEECH_TOKENS
) -> Iterator[int]:
    """Yield the speech tokens that stock's ``inference_turbo`` returns for the same random state.

    ``prompt`` is ``embed_prompt``'s. Ends at the stop token (not yielded), once ``cancelled()`` is
    true (asked before each step), or, with a warning, after ``max_tokens``. As in stock, a stop
    token drawn first of all stops nothing.
    """
    rules = sampling.processors()
    # The ids to penalise: the start token at the first step, then the generated ones without it.
    ids = torch.full((1, 1), t3.hp.start_speech_token, device=prompt.device)
    drawn, past, embeddings = 0, None, prompt
    while not cancelled():
        output = t3.tfmr(inputs_embeds=embeddings, past_key_values=past, use_cache=True)
        logits = t3.speech_head(output.last_hidden_state[:, -1:])[:, -1]
        token = sampling.choose(rules(ids, logits))
        if drawn and token.item() == t3.hp.stop_speech_token:
            return
        yield int(token.item())
        drawn += 1
        if drawn >= max_tokens:
            logger.warning("Speech did not end by itself and was cut after %d speech tokens", drawn)
            return
        ids = torch.cat([ids, token], dim=1) if drawn > 1 else token
        past, embeddings = output.past_key_values, t3.speech_emb(token)
