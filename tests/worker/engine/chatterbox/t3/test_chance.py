"""The draw's statistics; its numbers are fixed, so that a verdict never changes from run to run."""

from typing import Any

import pytest
import torch
from scipy.stats import chi2, kstest
from stock_sampling import VOCABULARY, rows_of, stock_scores
from t3_speech import Spoken
from torch import Tensor

from worker.engine.chatterbox.t3 import decoder as decoder_module
from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling, SamplingRows, choose_tokens, exponential


def test_times_are_exponentially_distributed() -> None:
    keys = torch.empty(300, dtype=torch.long).random_(generator=torch.Generator().manual_seed(1))
    times = exponential(keys, torch.arange(VOCABULARY).expand(300, -1))
    assert kstest(times[:, :600].flatten().numpy(), "expon").pvalue > 1e-3
    assert times.min() > 0
    # A row's least time is what decides: exponential too, with the vocabulary's share of the mean.
    assert kstest((times.min(-1).values * VOCABULARY).numpy(), "expon").pvalue > 1e-3


def test_times_of_neighbours_are_unrelated() -> None:
    """Neither tokens in a row nor rows whose keys differ by one bit tell anything of each other."""
    keys = torch.cat([torch.arange(200), 1 << torch.arange(8, 63), (1 << torch.arange(63)) + 12345])
    times = exponential(keys, torch.arange(VOCABULARY).expand(len(keys), -1)).log()
    times = (times - times.mean()) / times.std()
    bound = 5 / times.numel() ** 0.5
    for step in (1, 2, 3, 64, 256):
        assert (times[:, step:] * times[:, :-step]).mean().abs() < bound
    assert (times[1:] * times[:-1]).mean().abs() < bound
    between_rows = times @ times.T / VOCABULARY
    between_rows.fill_diagonal_(0)
    assert between_rows.abs().max() < 6 / VOCABULARY**0.5


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(1.0, 0, 1.0, 1.0), Sampling(1.5, 40, 0.8, 1.5)],
    ids=["stock's defaults", "no rule at all", "narrow"],
)
def test_first_tokens_are_distributed_as_stocks_processors_say(
    first_logits: Tensor, sampling: Sampling
) -> None:
    draws = 4_000 if sampling.needs_all else 20_000  # the whole vocabulary is sorted for each
    likelihood = likelihood_of_draws(first_logits, drawn_by=sampling, claimed=sampling, draws=draws)
    assert likelihood > 1e-3


@pytest.mark.parametrize(
    "wrong",
    [
        Sampling(temperature=0.7),
        Sampling(top_k=950),
        Sampling(top_p=0.93),
        Sampling(repetition_penalty=1.4),
    ],
)
def test_a_wrong_rule_would_be_noticed(first_logits: Tensor, wrong: Sampling) -> None:
    assert likelihood_of_draws(first_logits, drawn_by=wrong, claimed=Sampling()) < 1e-9


@pytest.fixture(scope="module")
def first_logits(t3: T3) -> Tensor:
    """A real first step's logits, with the start token among the likely: its penalty shows."""
    captured: list[Tensor] = []

    def capture(logits: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        captured.append(logits)
        return choose_tokens(logits, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder_module, "choose_tokens", capture)
        Decoder(t3, 1, 128).prefill([Spoken.random(1).join(t3)])
    logits = captured[0].clone()
    logits[0, VOCABULARY - 2] = logits.max() * 1.5
    return logits


def likelihood_of_draws(
    logits: Tensor, *, drawn_by: Sampling, claimed: Sampling, draws: int = 20_000
) -> float:
    """Draw first tokens, and return how likely such counts are where stock's processors decide."""
    start = torch.tensor([[VOCABULARY - 2]])
    expected = stock_scores(logits, start, claimed).softmax(-1)[0].double() * draws
    generator = torch.Generator().manual_seed(5)
    keys = torch.empty(draws, dtype=torch.long).random_(generator=generator)
    seen = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, start, True)
    counts = torch.zeros(VOCABULARY, dtype=torch.double)
    for part in keys.split(1000):
        rows = rows_of([drawn_by])
        rows = SamplingRows(*(column.expand(len(part), 1) for column in vars(rows).values()))
        chosen = choose_tokens(
            logits.expand(len(part), -1), rows, seen.expand(len(part), -1), part, whole=drawn_by.needs_all
        )
        counts += chosen.bincount(minlength=VOCABULARY)
    if counts[expected == 0].any():
        return 0.0  # what cannot be drawn was
    # Pearson's statistic wants five of each: the unlikely share cells.
    order = expected.argsort(descending=True)
    expected, counts = expected[order], counts[order]
    cell = (expected.cumsum(0) / 5).long()
    cells = cell.unique(return_inverse=True)[1]
    size = int(cells.max()) + 1
    expected = torch.zeros(size, dtype=torch.double).index_add_(0, cells, expected)
    counts = torch.zeros(size, dtype=torch.double).index_add_(0, cells, counts)
    big = expected >= 4
    statistic = ((counts - expected)[big] ** 2 / expected[big]).sum()
    return float(chi2.sf(statistic, int(big.sum()) - 1))
