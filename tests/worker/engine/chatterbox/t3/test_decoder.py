"""A stream's tokens depend on its voice, text, options and seed, and on nothing beside it."""

from dataclasses import replace

import pytest
import torch
from t3_speech import GREEDY, Join, Spoken, decode, decode_alone, prefix_of

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling

COUNT = 30

MIXED = [
    Sampling(),
    Sampling(temperature=1.3, top_k=0, top_p=1.0),
    Sampling(temperature=0.4, top_k=50, top_p=0.5, repetition_penalty=2.0),
    GREEDY,
]


@pytest.fixture(scope="module")
def joins(t3: T3) -> list[Join]:
    """Eight, each of its own voice, text, options and seed; every other one with a cached prefix."""
    spoken = [Spoken.random(seed, prompt=10 + 9 * seed, text=3 + 5 * seed) for seed in range(8)]
    return [
        each.join(t3, slot, MIXED[slot % 4], seed=slot, prefix=prefix_of(t3, each) if slot % 2 else None)
        for slot, each in enumerate(spoken)
    ]


@pytest.fixture(scope="module")
def alone(t3: T3, joins: list[Join]) -> list[list[int]]:
    return [decode_alone(t3, join, COUNT) for join in joins]


def test_the_same_seed_gives_the_same_tokens_alone_and_in_a_batch(
    t3: T3, joins: list[Join], alone: list[list[int]]
) -> None:
    assert decode(Decoder(t3, 8, 512), joins, COUNT) == alone


def test_another_seed_gives_other_tokens(t3: T3, joins: list[Join], alone: list[list[int]]) -> None:
    other = replace(joins[0].utterance, seed=joins[0].utterance.seed + 1)
    assert decode_alone(t3, Join(0, other), COUNT) != alone[0]


def test_texts_of_different_lengths_prefilled_together_equal_each_alone(
    t3: T3, joins: list[Join], alone: list[list[int]]
) -> None:
    decoder = Decoder(t3, 8, 512)
    assert decoder.prefill(joins[:5]).wait() == [tokens[0] for tokens in alone[:5]]
    assert decoder.prefill(joins[5:]).wait() == [tokens[0] for tokens in alone[5:]]


def test_streams_that_share_a_voice_decode_as_each_alone(t3: T3) -> None:
    voice = Spoken.random(1, prompt=40, text=5)
    prefix = prefix_of(t3, voice)
    joins = [
        Spoken.random(seed, prompt=40, text=3 + 4 * seed).join(t3, seed, MIXED[seed % 4], seed, prefix=prefix)
        for seed in range(5)
    ]
    alone = [decode_alone(t3, join, COUNT) for join in joins]
    assert decode(Decoder(t3, 8, 512), joins, COUNT) == alone
    assert len({tuple(tokens) for tokens in alone}) == len(alone)


def test_another_voice_among_those_that_share_one_changes_nothing(t3: T3, joins: list[Join]) -> None:
    prefix = prefix_of(t3, Spoken.random(1, prompt=40, text=5))
    sharing = [
        Spoken.random(seed, prompt=40, text=9).join(t3, seed, Sampling(), seed, prefix=prefix)
        for seed in range(3)
    ]
    decoder = Decoder(t3, 8, 512)
    tokens = [[token] for token in decoder.prefill(sharing).wait()]
    for turn in range(COUNT - 1):
        if turn == COUNT // 3:
            decoder.prefill([Join(3, joins[5].utterance)])
        if turn == 2 * COUNT // 3:
            decoder.leave(3)
        for row, token in zip(tokens, decoder.step().wait(), strict=False):
            row.append(token)
    assert tokens == [decode_alone(t3, join, COUNT) for join in sharing]


def test_joining_at_different_moments_changes_nothing(
    t3: T3, joins: list[Join], alone: list[list[int]]
) -> None:
    decoder = Decoder(t3, 8, 512)
    tokens: list[list[int]] = [[] for _ in joins]
    for turn in range(COUNT + 3 * len(joins)):
        if turn % 3 == 0 and turn // 3 < len(joins):
            join = joins[turn // 3]
            tokens[join.slot] += decoder.prefill([join]).wait()
        for own, token in zip(tokens, decoder.step().wait(), strict=False):
            own.extend([token] if own else [])
    assert [own[:COUNT] for own in tokens] == alone


def test_leaving_changes_nothing_for_those_who_stay(
    t3: T3, joins: list[Join], alone: list[list[int]]
) -> None:
    decoder = Decoder(t3, 8, 512)
    tokens = [[first] for first in decoder.prefill(joins).wait()]
    for turn in range(COUNT - 1):
        if turn in (4, 9, 10, 20):
            decoder.leave({4: 7, 9: 2, 10: 6, 20: 0}[turn])
        for own, token in zip(tokens, decoder.step().wait(), strict=False):
            own.append(token)
    for stayed in (1, 3, 4, 5):
        assert tokens[stayed] == alone[stayed]


def test_moving_to_another_slot_changes_nothing(t3: T3, joins: list[Join], alone: list[list[int]]) -> None:
    decoder = Decoder(t3, 8, 512)
    tokens = [[first] for first in decoder.prefill(joins).wait()]
    slot_of = list(range(8))
    for turn in range(COUNT - 1):
        if turn == 5:
            decoder.leave(1)
            decoder.move(7, 1)
            slot_of[7] = 1
        if turn == 11:
            decoder.move(1, 7)  # and back, behind a hole
            slot_of[7] = 7
        row = decoder.step().wait()
        for index, own in enumerate(tokens):
            own.append(row[slot_of[index]] if index != 1 else 0)
    for index in (0, 2, 3, 4, 5, 6, 7):
        assert tokens[index] == alone[index]


def test_a_slots_next_holder_finds_nothing_of_the_last(
    t3: T3, joins: list[Join], alone: list[list[int]]
) -> None:
    decoder = Decoder(t3, 1, 512)
    for join, tokens in zip(joins, alone, strict=True):
        assert decode(decoder, [Join(0, join.utterance)], COUNT)[0] == tokens
        decoder.leave(0)


def test_a_voices_prefix_from_a_batch_equals_the_one_from_alone(t3: T3, joins: list[Join]) -> None:
    spoken = Spoken.random(2, prompt=28, text=13)
    decoder = Decoder(t3, 8, 512)
    decoder.prefill([joins[6], spoken.join(t3, 0)])
    prefix, alone = decoder.prefix_of(0, 29), prefix_of(t3, spoken)
    torch.testing.assert_close(prefix.keys, alone.keys, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(prefix.values, alone.values, rtol=1e-5, atol=1e-5)


def test_a_stream_may_fill_its_slot_to_the_last_position(t3: T3) -> None:
    """And with it those spare positions for the steps that are under way at its end."""
    spoken = Spoken.random(5, prompt=20, text=6)
    join = spoken.join(t3)
    tight = 64
    voice, text = join.utterance.voice, join.utterance.text
    count = Decoder(t3, 1, tight).room(len(voice.conditionals), len(text))
    assert count == 64 - 21 - 7 - 4
    assert decode_alone(t3, join, count + 4, tight) == decode_alone(t3, join, count + 4, 512)


def test_a_text_longer_than_a_slot_is_refused_before_it_takes_one(t3: T3) -> None:
    decoder = Decoder(t3, 2, 32)
    with pytest.raises(ValueError, match="33 positions where a slot has 32"):
        decoder.prefill([Spoken.random(1, prompt=20, text=11).join(t3)])
    fits = Spoken.random(1, prompt=10, text=4).join(t3)
    assert decode(decoder, [fits], 5)[0] == decode_alone(t3, fits, 5)


def test_every_stock_length_can_be_decoded(t3: T3) -> None:
    """1,001 tokens: the request's random numbers last as long."""
    join = Spoken.random(6, prompt=5, text=5).join(t3, sampling=Sampling(), seed=9)
    tokens = decode_alone(t3, join, 1001, 1024)
    assert len(set(tokens[-200:])) > 20
