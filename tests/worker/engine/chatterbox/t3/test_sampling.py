"""Each rule against transformers' own processor, and the draw against what they leave."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stock_sampling import VOCABULARY, rows_of, stock_scores
from torch import Tensor
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from worker.engine.base import SpeechOptions
from worker.engine.chatterbox.t3.sampling import (
    CANDIDATES,
    Sampling,
    SamplingRows,
    apply_temperature,
    candidates,
    choose_tokens,
    keep_top_k,
    keep_top_p,
    penalise,
)

NEVER_IN_DOUBT = 2e-6
"""Likelihood within which float32 sums, in another order, may fall on the other side of top-p."""

options = st.builds(
    Sampling,
    temperature=st.sampled_from([0.05, 0.3, 0.8, 1.0, 1.7, 5.0]),
    top_k=st.sampled_from([0, 1, 2, 50, 999, 1000, 1001, VOCABULARY]),
    top_p=st.sampled_from([0.01, 0.5, 0.95, 0.999, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.2, 5.0]),
)
scales = st.sampled_from([0.1, 1.0, 4.0, 20.0])
seeds = st.integers(0, 2**32)


def random_logits(seed: int, rows: int, scale: float, width: int = VOCABULARY) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)) * scale


def with_ties(seed: int, rows: int) -> Tensor:
    """Return falling scores of few different values, as a rule gets them."""
    return random_logits(seed, rows, 3.0, 200).round().sort(descending=True).values


def is_top_p_in_doubt(scores: Tensor, top_p: float) -> bool:
    likelihoods = scores.double().softmax(-1).sort(-1).values.cumsum(-1)
    return bool(((likelihoods - (1 - top_p)).abs() < NEVER_IN_DOUBT).any())


class TestRules:
    @given(seeds, st.sampled_from([0.05, 0.8, 1.0, 5.0]))
    def test_temperature_is_transformers(self, seed: int, temperature: float) -> None:
        scores = random_logits(seed, 3, 4.0)
        column = torch.full((3, 1), temperature)
        assert torch.equal(
            apply_temperature(scores, column), TemperatureLogitsWarper(temperature)(None, scores)
        )

    @given(seeds, st.sampled_from([1, 2, 7, 100, 199, 200, 1000, VOCABULARY]))
    def test_top_k_is_transformers_where_many_are_equally_likely(self, seed: int, top_k: int) -> None:
        scores = with_ties(seed, 3)
        kept = keep_top_k(scores, torch.full((3, 1), top_k))
        assert torch.equal(kept, TopKLogitsWarper(top_k)(None, scores))

    def test_top_k_0_keeps_all(self) -> None:
        scores = with_ties(1, 2)
        assert torch.equal(keep_top_k(scores, torch.zeros(2, 1, dtype=torch.long)), scores)

    @given(seeds, st.sampled_from([0.001, 0.3, 0.5, 0.9, 0.95, 0.999]))
    def test_top_p_is_transformers_where_many_are_equally_likely(self, seed: int, top_p: float) -> None:
        scores = with_ties(seed, 1)
        assume(not is_top_p_in_doubt(scores, top_p))
        ours = keep_top_p(scores, torch.tensor([[1 - top_p]]))
        # Which of the equally likely go is chance in transformers: how many do is not.
        theirs = TopPLogitsWarper(top_p)(None, scores).sort(descending=True).values
        assert torch.equal(ours, theirs)

    @pytest.mark.parametrize("top_p", [0.1, 0.25, 0.5, 0.75, 0.9])
    @pytest.mark.parametrize("equals", [2, 4, 8, 10, 20])
    def test_top_p_on_its_very_border_is_transformers(self, equals: int, top_p: float) -> None:
        scores = torch.zeros(1, equals)
        ours = keep_top_p(scores, torch.tensor([[1 - top_p]]))
        assert torch.equal(ours.isinf().sum(), TopPLogitsWarper(top_p)(None, scores).isinf().sum())

    def test_top_p_1_keeps_even_what_is_impossibly_unlikely(self) -> None:
        scores = torch.tensor([[100.0, 0.0, -100.0]])
        assert torch.equal(keep_top_p(scores, torch.zeros(1, 1)), scores)

    def test_top_p_keeps_the_likeliest_whatever_p_is(self) -> None:
        kept = keep_top_p(torch.zeros(1, 5), torch.tensor([[1 - 1e-9]]))
        assert kept[0].tolist() == [0.0, *[-torch.inf] * 4]

    @given(seeds, st.sampled_from([1.0, 1.2, 5.0]))
    def test_the_repetition_penalty_is_transformers(self, seed: int, penalty: float) -> None:
        scores = random_logits(seed, 2, 4.0)
        scores[:, ::3] = -torch.inf
        ids = torch.randint(VOCABULARY, (2, 40), generator=torch.Generator().manual_seed(seed))
        seen = torch.zeros(2, VOCABULARY, dtype=torch.bool).scatter_(1, ids, True)
        theirs = RepetitionPenaltyLogitsProcessor(penalty)(ids, scores)
        assert torch.equal(penalise(scores, seen, torch.full((2, 1), penalty)), theirs)


class TestChoice:
    @settings(max_examples=60)
    @given(seeds, scales, st.lists(options, min_size=1, max_size=4))
    def test_every_row_keeps_what_stocks_chain_keeps(
        self, seed: int, scale: float, samplings: list[Sampling]
    ) -> None:
        logits = random_logits(seed, len(samplings), scale)
        ids = logits.topk(60).indices[:, ::2]
        seen = torch.zeros(logits.shape, dtype=torch.bool).scatter_(1, ids, True)
        whole = any(sampling.needs_all for sampling in samplings)
        scores, tokens = candidates(logits, rows_of(samplings), seen, whole=whole)
        ours = torch.full_like(logits, -torch.inf).scatter_(1, tokens, scores)
        for row, sampling in enumerate(samplings):
            without_top_p = Sampling(sampling.temperature, sampling.top_k, 1.0, 1.0)
            before = stock_scores(logits[row : row + 1], ids[row : row + 1], without_top_p)
            assume(sampling.top_p == 1 or not is_top_p_in_doubt(before, sampling.top_p))
            theirs = stock_scores(logits[row : row + 1], ids[row : row + 1], sampling)
            assert torch.equal(ours[row : row + 1], theirs)

    @settings(max_examples=60)
    @given(seeds, scales, options.filter(lambda sampling: not sampling.needs_all))
    def test_the_candidates_choose_what_the_whole_vocabulary_would(
        self, seed: int, scale: float, sampling: Sampling
    ) -> None:
        logits = random_logits(seed, 3, scale)
        assume(not is_top_p_in_doubt(keep_top_k_of(logits, sampling), sampling.top_p))
        keys = torch.arange(3) + seed
        rows, seen = rows_of([sampling] * 3), random_logits(seed + 1, 3, 1.0) > 1
        few = choose_tokens(logits, rows, seen, keys, whole=False)
        assert torch.equal(few, choose_tokens(logits, rows, seen, keys, whole=True))

    @given(seeds, st.lists(options, min_size=2, max_size=4))
    @settings(max_examples=40)
    def test_a_rows_token_does_not_depend_on_the_other_rows(
        self, seed: int, samplings: list[Sampling]
    ) -> None:
        logits = random_logits(seed, len(samplings), 2.0)
        seen = random_logits(seed + 1, len(samplings), 1.0) > 1
        keys = torch.arange(len(samplings)) + seed
        together = choose_tokens(logits, rows_of(samplings), seen, keys, whole=True)
        for row, sampling in enumerate(samplings):
            one = slice(row, row + 1)
            whole = sampling.needs_all
            alone = choose_tokens(logits[one], rows_of([sampling]), seen[one], keys[one], whole=whole)
            assert alone == together[one]

    @given(seeds, st.integers(-(2**63), 2**63 - 1))
    def test_temperature_0_takes_the_likeliest_whatever_chance_says(self, seed: int, key: int) -> None:
        logits = random_logits(seed, 1, 0.01)
        rows = rows_of([Sampling(temperature=0.0, repetition_penalty=1.0)])
        chosen = choose_tokens(
            logits, rows, torch.zeros_like(logits).bool(), torch.tensor([key]), whole=False
        )
        assert chosen == logits.argmax(-1)

    def test_a_dropped_token_is_never_chosen(self) -> None:
        logits = torch.zeros(4000, 12)
        logits[:, 7:] = 1.0
        chosen = choose_many(logits, Sampling(top_k=5, top_p=1.0), torch.arange(4000))
        assert set(chosen.tolist()) == {7, 8, 9, 10, 11}


def keep_top_k_of(logits: Tensor, sampling: Sampling) -> Tensor:
    scaled = logits / sampling.temperature
    kept: Tensor = TopKLogitsWarper(sampling.top_k)(None, scaled)
    return kept


def choose_many(logits: Tensor, sampling: Sampling, keys: Tensor) -> Tensor:
    seen = torch.zeros(logits.shape, dtype=torch.bool)
    rows = rows_of([sampling])
    many = SamplingRows(*(column.expand(len(logits), 1) for column in vars(rows).values()))
    return choose_tokens(logits, many, seen, keys, whole=sampling.needs_all)


class TestSampling:
    def test_takes_stocks_defaults_for_what_is_not_asked(self) -> None:
        assert Sampling.from_options(SpeechOptions(top_k=3, seed=1)) == Sampling(0.8, 3, 0.95, 1.2)

    def test_keeps_a_zero_that_was_asked_for(self) -> None:
        assert Sampling.from_options(SpeechOptions(temperature=0.0, top_k=0)) == Sampling(0.0, 0, 0.95, 1.2)

    @pytest.mark.parametrize(("top_k", "needs_all"), [(0, True), (1, False), (1000, False), (1001, True)])
    def test_knows_when_the_candidates_are_too_few(self, top_k: int, needs_all: bool) -> None:
        assert Sampling(top_k=top_k).needs_all is needs_all
        assert CANDIDATES >= 1000
