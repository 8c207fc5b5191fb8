"""What each slot is at, and whose chance it has."""

import pytest
import torch
from scipy.stats import kstest

from worker.engine.chatterbox.t3.model import T3Sizes
from worker.engine.chatterbox.t3.sampling import Sampling, exponential
from worker.engine.chatterbox.t3.slots import MAX_SPEECH_TOKENS, Slots

SIZES = T3Sizes(layers=1, width=64, heads=1, positions=64, text_vocabulary=9, speech_vocabulary=20)
START = SIZES.start_token


@pytest.fixture
def slots() -> Slots:
    slots = Slots(4, SIZES, torch.device("cpu"))
    for slot in range(3):
        slots.join(slot, Sampling(temperature=0.1 * slot), seed=slot, start_token=START)
    slots.begin(torch.arange(3), torch.tensor([5, 6, 7]), torch.tensor([10, 20, 30]))
    return slots


def test_the_start_token_is_penalised_at_the_first_token_only() -> None:
    slots = Slots(2, SIZES, torch.device("cpu"))
    slots.join(0, Sampling(), 1, START)
    assert slots.seen[0].nonzero().flatten().tolist() == [START]
    slots.begin(torch.tensor([0]), torch.tensor([5]), torch.tensor([10]))
    assert slots.seen[0].nonzero().flatten().tolist() == [5]
    slots.advance(torch.tensor([3]))
    assert slots.seen[0].nonzero().flatten().tolist() == [3, 5]


def test_a_step_advances_who_is_there_and_nobody_else(slots: Slots) -> None:
    slots.leave(1)
    slots.advance(torch.tensor([1, 2, 3]))
    assert slots.position.tolist() == [11, 0, 31, 0]
    assert slots.drawn.tolist() == [2, 1, 2, 0]
    assert slots.token.tolist()[::2] == [1, 3]


def test_each_token_has_a_key_of_its_own(slots: Slots) -> None:
    first = slots.next_keys(torch.arange(3))
    slots.advance(torch.tensor([1, 2, 3]))
    second = slots.next_keys(slice(3))
    assert len({*first.tolist(), *second.tolist()}) == 6


def test_a_seeds_keys_are_the_same_in_any_slot() -> None:
    slots = Slots(2, SIZES, torch.device("cpu"))
    slots.join(0, Sampling(), 77, START)
    slots.join(1, Sampling(), 77, START)
    assert torch.equal(slots.keys[0], slots.keys[1])
    slots.join(1, Sampling(), 78, START)
    assert not (slots.keys[0] == slots.keys[1]).any()


def test_seeds_in_a_row_have_unrelated_chances() -> None:
    """A long text's chunks are given seeds in a row."""
    slots = Slots(1, SIZES, torch.device("cpu"))
    keys = []
    for seed in range(1500):
        slots.join(0, Sampling(), seed, START)
        keys.append(slots.keys[0, :2].clone())
    times = exponential(torch.stack(keys)[:, 0], torch.full((1500, 1), 4000)).flatten()
    assert kstest(times.numpy(), "expon").pvalue > 1e-3
    logs = times.log() - times.log().mean()
    assert (logs[1:] * logs[:-1]).mean().abs() / logs.var() < 4 / 1500**0.5


def test_a_move_takes_everything_along(slots: Slots) -> None:
    before = [rows[2].clone() for rows in slots._rows()]
    slots.move(2, 3)
    for rows, row in zip(slots._rows(), before, strict=True):
        assert torch.equal(rows[3], row)


def test_what_was_saved_undoes_steps(slots: Slots) -> None:
    before = [rows.clone() for rows in slots._rows()]
    saved = slots.saved()
    for _ in range(3):
        slots.advance(torch.tensor([1, 2, 3]))
    slots.restore(saved)
    for rows, row in zip(slots._rows(), before, strict=True):
        assert torch.equal(rows, row)


def test_steps_beyond_the_last_token_reuse_its_key_instead_of_failing(slots: Slots) -> None:
    """On a GPU some are under way when the host sees that the last was reached."""
    slots.drawn[:3] = MAX_SPEECH_TOKENS - 1
    slots.advance(torch.tensor([1, 2, 3]))
    assert torch.equal(slots.next_keys(slice(3)), slots.keys[:3, -1])
