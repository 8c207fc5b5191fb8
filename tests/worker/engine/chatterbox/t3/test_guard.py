"""What is a circle, and where it begins."""

import random

from hypothesis import given
from hypothesis import strategies as st

from worker.engine.chatterbox.t3.runaway import circling_from

WINDOW = 100
LONGEST_PERIOD = 25


@given(
    st.integers(0, 60), st.integers(1, LONGEST_PERIOD), st.integers(0, 40), st.randoms(use_true_random=False)
)
def test_a_circle_is_found_and_kept_once(before: int, period: int, extra: int, chance: random.Random) -> None:
    speech = [1000 + index for index in range(before)]
    circle = chance.sample(range(500), period)
    turns = [circle[index % period] for index in range(WINDOW + extra)]
    start = circling_from(speech + turns)
    assert start == before + period
    assert (speech + turns)[:start] == speech + circle


@given(st.lists(st.integers(0, 6560), max_size=WINDOW - 1))
def test_less_than_4_s_are_never_a_circle(tokens: list[int]) -> None:
    assert circling_from(tokens) is None
    assert circling_from(tokens[:1] * (WINDOW - 1)) is None


def test_one_other_token_within_4_s_is_no_circle() -> None:
    held = [5] * 300
    held[-WINDOW] = 6
    assert circling_from(held) is None
    assert circling_from([*held, 5]) == 300 - WINDOW + 1 + 1


def test_a_long_circle_is_left_to_the_token_budget() -> None:
    assert circling_from(list(range(LONGEST_PERIOD + 1)) * 10) is None


def test_speech_with_a_pause_goes_on() -> None:
    chance = random.Random(1)
    speech = [chance.randrange(6561) for _ in range(100)]
    assert circling_from(speech + [4299] * 80 + speech) is None
