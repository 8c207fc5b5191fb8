"""What fewer bits change: bounded here on random weights, reported by ``scripts/bench t3``."""

from pathlib import Path

import pytest
import torch
from t3_speech import Spoken, decode, decode_alone

from benchmarks.t3_divergence import compare, logits_along, spoken_by
from worker.engine.chatterbox.t3.decoder import Decoder, cache_dtype
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.projections import DenseProjection, Int8Projection
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.utterance import Utterance
from worker.engine.precision import T3Precision

CPU = torch.device("cpu")
COUNT = 30

MOST_NATS = 0.001
"""Of divergence from float32's next-token distributions."""


@pytest.fixture(scope="module", params=[T3Precision.INT8, T3Precision.BFLOAT16])
def fewer_bits(request: pytest.FixtureRequest, small_t3_file: Path) -> T3:
    return T3.load(small_t3_file, CPU, request.param)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def spoken(t3: T3) -> Utterance:
    return Spoken.random(1, prompt=100, text=20).join(t3).utterance


def test_next_tokens_are_nearly_float32s(t3: T3, fewer_bits: T3) -> None:
    tokens = spoken_by(t3, spoken(t3), COUNT)
    share, divergence = compare(
        logits_along(t3, spoken(t3), tokens), logits_along(fewer_bits, spoken(fewer_bits), tokens)
    )
    assert divergence < MOST_NATS
    assert share >= 0.9


def test_a_broken_scale_would_be_noticed(t3: T3, small_t3_file: Path) -> None:
    broken = T3.load(small_t3_file, CPU, T3Precision.INT8)
    for block in broken._blocks:
        block._contract._scales *= 1.5
        block._expand._scales *= 1.5
    tokens = spoken_by(t3, spoken(t3), COUNT)
    _, divergence = compare(logits_along(t3, spoken(t3), tokens), logits_along(broken, spoken(t3), tokens))
    assert divergence > 2 * MOST_NATS


def test_an_int8_stream_says_the_same_among_any_number_of_others(small_t3_file: Path) -> None:
    """Its steps are exact; a prefill is bfloat16's, and so prefilled here one by one."""
    t3 = T3.load(small_t3_file, CPU, T3Precision.INT8)
    joins = [Spoken.random(seed, text=5 + seed).join(t3, seed, Sampling(), seed) for seed in range(20)]
    decoder = Decoder(t3, 20, 128)
    tokens = [decoder.prefill([join]).wait() for join in joins]
    for _ in range(COUNT - 1):
        for own, token in zip(tokens, decoder.step().wait(), strict=True):
            own.append(token)
    for join, own in zip(joins, tokens, strict=True):
        assert decode_alone(t3, join, COUNT, 128) == own


def test_a_bfloat16_stream_seldom_says_otherwise_among_others(small_t3_file: Path) -> None:
    t3 = T3.load(small_t3_file, CPU, T3Precision.BFLOAT16)
    joins = [Spoken.random(seed, text=5 + seed).join(t3, seed, Sampling(), seed) for seed in range(8)]
    together = decode(Decoder(t3, 8, 128), joins, COUNT)
    alone = [decode_alone(t3, join, COUNT, 128) for join in joins]
    assert sum(one == other for one, other in zip(together, alone, strict=True)) >= 6


class TestProjections:
    @pytest.mark.parametrize("rows", range(1, 18))
    def test_int8_maps_each_row_of_a_step_for_itself(self, rows: int) -> None:
        projection = Int8Projection(random(96, 64), random(96))
        inputs = random(17, 1, 64)
        assert torch.equal(projection(inputs[:rows]), projection(inputs)[:rows])

    def test_int8_steps_are_near_float32(self) -> None:
        weight, bias, inputs = random(96, 64), random(96), random(5, 1, 64)
        exact = DenseProjection(weight, bias, torch.float32)(inputs)
        error = (Int8Projection(weight, bias)(inputs).float() - exact).norm() / exact.norm()
        assert error < 0.02

    def test_int8_prefills_are_bfloat16s(self) -> None:
        weight, bias, inputs = random(96, 64), random(96), random(2, 16, 64)
        dense = DenseProjection(weight, bias, torch.bfloat16)
        assert torch.equal(Int8Projection(weight, bias)(inputs), dense(inputs))

    def test_a_channel_of_zeros_stays_zero(self) -> None:
        projection = Int8Projection(torch.zeros(32, 64), torch.zeros(32))
        assert not projection(random(1, 1, 64)).any()


def test_keys_and_values_are_float32_on_the_cpu(fewer_bits: T3) -> None:
    assert cache_dtype(fewer_bits) is torch.float32
