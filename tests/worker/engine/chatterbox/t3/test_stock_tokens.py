"""Greedy tokens equal stock's, token for token, in float32 on the CPU."""

from pathlib import Path
from typing import Any

import pytest
import torch
from t3_speech import (
    GREEDY,
    Spoken,
    always_the_likeliest,
    decode_alone,
    load_stock_t3,
    prefix_of,
    stock_tokens,
)

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.precision import T3Precision

FULL_TOKENS = 50
STOP = 6562

SPOKEN = [
    Spoken.random(1, prompt=375, text=40),
    Spoken.random(2, prompt=250, text=17),
    Spoken.random(3, prompt=140, text=63),
]


@pytest.fixture(scope="module")
def expected(stock: Any) -> list[list[int]]:
    with always_the_likeliest():
        return [stock_tokens(stock, spoken, temperature=0.0) for spoken in SPOKEN]


def test_voices_and_texts_make_a_difference(expected: list[list[int]]) -> None:
    """Otherwise equal tokens would prove nothing."""
    assert len({tuple(tokens) for tokens in expected}) == len(SPOKEN)
    for tokens in expected:
        assert len(set(tokens)) > len(tokens) / 2
        assert 20 <= len(tokens) <= 45


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("index", range(len(SPOKEN)))
def test_greedy_tokens_equal_stocks_alone(
    t3: T3, expected: list[list[int]], index: int, cached: bool
) -> None:
    spoken = SPOKEN[index]
    join = spoken.join(t3, prefix=prefix_of(t3, spoken) if cached else None)
    tokens = expected[index]
    assert decode_alone(t3, join, len(tokens) + 1) == [*tokens, STOP]


def test_greedy_tokens_equal_stocks_among_seven_others(t3: T3, expected: list[list[int]]) -> None:
    assert_equal_among_seven_others(t3, expected)


def test_the_single_candidate_of_top_k_1_is_stocks(t3: T3, stock: Any) -> None:
    tokens = stock_tokens(stock, SPOKEN[0], top_k=1)
    assert decode_alone(t3, SPOKEN[0].join(t3, sampling=Sampling(top_k=1)), len(tokens)) == tokens


@pytest.mark.parametrize("options", [{"top_p": 0.5}, {"repetition_penalty": 2.0}, {"top_k": 3}])
def test_greedy_tokens_equal_stocks_under_other_rules(t3: T3, stock: Any, options: dict[str, Any]) -> None:
    with always_the_likeliest():
        tokens = stock_tokens(stock, SPOKEN[1], temperature=0.0, **options)
    sampling = Sampling(temperature=0.0, **options)
    assert decode_alone(t3, SPOKEN[1].join(t3, sampling=sampling), len(tokens)) == tokens


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_greedy_tokens_of_the_full_size_equal_stocks(full_t3_file: Path) -> None:
    """One voice alone; three, with and without their prefix, among seven others."""
    stock = load_stock_t3(full_t3_file, small=False)
    with always_the_likeliest():
        expected = [
            stock_tokens(stock, each, temperature=0.0, max_gen_len=FULL_TOKENS - 1) for each in SPOKEN
        ]
    del stock
    assert len({tuple(tokens) for tokens in expected}) == len(SPOKEN)
    assert all(len(set(tokens)) > FULL_TOKENS / 2 for tokens in expected)
    ours = T3.load(full_t3_file, torch.device("cpu"), T3Precision.FLOAT32)
    assert decode_alone(ours, SPOKEN[2].join(ours), FULL_TOKENS, length=704) == expected[2]
    assert_equal_among_seven_others(ours, expected)


def assert_equal_among_seven_others(t3: T3, expected: list[list[int]]) -> None:
    """Decode each voice with and without its prefix, and two that sample, all side by side."""
    decoder = Decoder(t3, 8, 704)
    count = max(len(tokens) for tokens in expected)
    prefixes = [prefix_of(t3, spoken) for spoken in SPOKEN]
    joins = [spoken.join(t3, slot) for slot, spoken in enumerate(SPOKEN)]
    joins += [spoken.join(t3, 3 + slot, GREEDY, 0, prefixes[slot]) for slot, spoken in enumerate(SPOKEN)]
    joins += [Spoken.random(4 + slot).join(t3, 6 + slot, Sampling(), seed=slot) for slot in range(2)]
    without, with_prefix, others = joins[:3], joins[3:6], joins[6:]
    firsts = [decoder.prefill(group).wait() for group in (without, with_prefix, others)]
    tokens = [[first] for group in firsts for first in group]
    for _ in range(count - 1):
        for own, token in zip(tokens, decoder.step().wait(), strict=True):
            own.append(token)
    for slot, own in enumerate(tokens[:6]):
        right = expected[slot % 3]
        assert own[: len(right)] == right
