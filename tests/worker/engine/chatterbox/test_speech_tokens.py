"""Our decode loop against stock's, token for token."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from worker.engine.base import SpeechOptions
from worker.engine.chatterbox.conditionals import t3_cond
from worker.engine.chatterbox.speech_tokens import (
    MAX_SPEECH_TOKENS,
    Sampling,
    decode_speech_tokens,
    embed_prompt,
    token_budget,
)

TEXT = "A short sentence, [laugh] and another."


@pytest.fixture
def text_tokens(engine: Any) -> torch.Tensor:
    tokens: torch.Tensor = engine._model.tokenizer(TEXT, return_tensors="pt").input_ids
    return tokens


@pytest.fixture
def prompt(engine: Any, text_tokens: torch.Tensor) -> torch.Tensor:
    conditionals = t3_cond(engine._voices.get(engine.default_conditionals()))
    return embed_prompt(engine._model.t3, conditionals, text_tokens)


@pytest.fixture
def t3(engine: Any) -> Any:
    return engine._model.t3


def never() -> bool:
    return False


def stock_tokens(stock: Any, engine: Any, text_tokens: torch.Tensor, sampling: Sampling) -> list[int]:
    tokens = stock.t3.inference_turbo(
        t3_cond=t3_cond(engine._voices.get(engine.default_conditionals())),
        text_tokens=text_tokens,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        repetition_penalty=sampling.repetition_penalty,
    )
    return [int(token) for token in tokens[0]]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=1.0, top_k=0, top_p=1.0, repetition_penalty=1.0),
        Sampling(temperature=0.3, top_k=5, top_p=0.5, repetition_penalty=1.9),
    ],
)
def test_sampled_tokens_equal_stocks(
    stock: Any, engine: Any, t3: Any, prompt: torch.Tensor, text_tokens: torch.Tensor, sampling: Sampling
) -> None:
    torch.manual_seed(11)
    expected = stock_tokens(stock, engine, text_tokens, sampling)
    torch.manual_seed(11)
    assert list(decode_speech_tokens(t3, prompt, sampling, never)) == expected
    assert len(expected) > 3


def test_greedy_tokens_equal_the_best_of_stocks_processed_logits(
    stock: Any,
    engine: Any,
    t3: Any,
    prompt: torch.Tensor,
    text_tokens: torch.Tensor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    greedy = Sampling(temperature=0.0)
    ours = list(decode_speech_tokens(t3, prompt, greedy, never))
    monkeypatch.setattr(torch, "multinomial", lambda probs, num_samples: probs.argmax(-1, keepdim=True))
    assert ours == stock_tokens(stock, engine, text_tokens, greedy)


def test_stops_within_one_step_of_being_cancelled(t3: Any, prompt: torch.Tensor) -> None:
    answers = iter([False, False, False, True])
    assert len(list(decode_speech_tokens(t3, prompt, Sampling(), lambda: next(answers)))) == 3


def test_makes_no_step_when_already_cancelled(t3: Any, prompt: torch.Tensor) -> None:
    assert list(decode_speech_tokens(t3, prompt, Sampling(), lambda: True)) == []


def test_an_overrun_is_cut_with_a_warning(
    t3: Any, prompt: torch.Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(list(decode_speech_tokens(t3, prompt, Sampling(), never, max_tokens=7))) == 7
    assert "cut after 7 speech tokens" in caplog.text


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.0)])
def test_a_synthetic_utterance_ends_by_itself(
    t3: Any,
    prompt: torch.Tensor,
    sampling: Sampling,
    utterance_tokens: tuple[int, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shortest, longest = utterance_tokens
    assert shortest <= len(list(decode_speech_tokens(t3, prompt, sampling, never))) <= longest
    assert not caplog.records


def test_each_abandoned_decode_leaves_no_trace(t3: Any, prompt: torch.Tensor) -> None:
    def first_three(tokens: Iterator[int]) -> list[int]:
        return [next(tokens) for _ in range(3)]

    greedy = Sampling(temperature=0.0)
    started = decode_speech_tokens(t3, prompt, greedy, never)
    taken = first_three(started)
    assert first_three(decode_speech_tokens(t3, prompt, greedy, never)) == taken
    assert next(started) == list(decode_speech_tokens(t3, prompt, greedy, never))[3]


class TestSampling:
    def test_takes_stocks_defaults_for_what_is_not_asked(self) -> None:
        assert Sampling.from_options(SpeechOptions(top_k=3, seed=1)) == Sampling(0.8, 3, 0.95, 1.2)

    def test_keeps_a_zero_that_was_asked_for(self) -> None:
        assert Sampling.from_options(SpeechOptions(temperature=0.0)).temperature == 0.0


class TestTokenBudget:
    def test_leaves_a_short_text_six_seconds(self) -> None:
        assert token_budget("Hi.") >= 6 * 25

    def test_leaves_slow_speech_twice_its_time(self) -> None:
        text = "x" * 100
        seconds_when_slow = len(text) / 10
        assert token_budget(text) >= 2 * seconds_when_slow * 25

    def test_is_never_more_than_stocks_limit(self) -> None:
        assert token_budget("x" * 10_000) == MAX_SPEECH_TOKENS
