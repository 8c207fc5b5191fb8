"""Who has a slot, and whose token it is: random joins, leaves and cancels over a scripted decoder."""

import random

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from scripted_decoder import Hall

from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.utterance import Ending, Utterance


class Speakers(RuleBasedStateMachine):
    """Anybody may ask, give up, or be waited for, in any order."""

    @initialize(slots=st.integers(1, 6), lag=st.integers(0, 2))
    def open(self, slots: int, lag: int) -> None:
        self.hall = Hall.of(slots, lag)

    @rule(
        length=st.integers(1, 30),
        max_tokens=st.sampled_from([1, 2, 5, 20, 1000]),
        urgency=st.integers(0, 3),
        stops_first=st.booleans(),
    )
    def submit(self, length: int, max_tokens: int, urgency: int, stops_first: bool) -> None:
        self.hall.submit(length, max_tokens, urgency, stops_first)

    @precondition(lambda self: self.hall.utterances)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """One that waits, speaks or has ended already."""
        utterance = data.draw(st.sampled_from(self.hall.utterances))
        was = utterance.ending
        self.hall.scheduler.cancel(utterance)
        assert utterance.ending is (was or Ending.CANCELLED)
        assert utterance.seed not in self.hall.holders()

    @rule(turns=st.integers(1, 12))
    def turn(self, turns: int) -> None:
        for _ in range(turns):
            self.hall.turn()

    @invariant()
    def no_slot_is_lost_and_no_token_is_anothers(self) -> None:
        if hasattr(self, "hall"):
            self.hall.assert_no_slot_is_lost()
            for utterance in self.hall.utterances:
                self.hall.assert_right(utterance)

    def teardown(self) -> None:
        if hasattr(self, "hall"):
            self.hall.finish()


TestAnyOrder = Speakers.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_1000_joins_leaves_and_cancels_lose_nothing(lag: int) -> None:
    chance = random.Random(lag)
    hall = Hall.of(8, lag)
    done = {"join": 0, "turn": 0, "cancel": 0}
    while sum(done.values()) < 1000:
        what = chance.choices(list(done), [4, 10, 1])[0]
        if what == "join":
            hall.submit(chance.randint(1, 40), chance.choice([3, 25, 500]), chance.random())
        elif what == "cancel" and hall.utterances:
            hall.scheduler.cancel(chance.choice(hall.utterances[-20:]))
        else:
            hall.turn()
        done[what] += 1
        hall.assert_no_slot_is_lost()
    hall.finish()
    endings = {each.ending for each in hall.utterances}
    assert endings == {Ending.STOPPED, Ending.OVER_BUDGET, Ending.CANCELLED}


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_a_cancelled_utterances_slot_is_given_away_at_the_next_turn(lag: int) -> None:
    hall = Hall.of(1, lag)
    speaking, waiting = hall.submit(50), hall.submit(50)
    for _ in range(5):
        hall.turn()
    hall.scheduler.cancel(speaking)
    hall.turn()
    assert hall.holders() == {waiting.seed}
    hall.finish()
    assert len(waiting.tokens) == 50
    assert len(speaking.tokens) <= 6


def test_a_cancelled_utterance_gets_no_more_tokens() -> None:
    hall = Hall.of(2, lag=2)
    utterance = hall.submit(50)
    hall.submit(50)
    for _ in range(5):
        hall.turn()
    had = list(utterance.tokens)
    hall.scheduler.cancel(utterance)
    hall.finish()
    assert utterance.tokens == had
    assert utterance.ending is Ending.CANCELLED


def test_without_lag_every_turn_delivers_a_token_to_each() -> None:
    hall = Hall.of(3)
    utterances = [hall.submit(30) for _ in range(3)]
    hall.turn()
    assert [len(each.tokens) for each in utterances] == [2, 2, 2]  # the prefill's and the step's
    hall.turn()
    assert [len(each.tokens) for each in utterances] == [3, 3, 3]


def test_a_failed_prefill_is_raised_and_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall.of(2)
    speaking = hall.submit(30)
    hall.turn()
    with monkeypatch.context() as patch:
        patch.setattr(hall.decoder, "prefill", refuse)
        hall.scheduler.submit(Utterance(hall.voices[0], torch.zeros(99, 4), Sampling(), 7, 10))
        with pytest.raises(ValueError, match="too long"):
            hall.scheduler.turn()
    assert (hall.scheduler.active, hall.scheduler.waiting) == (1, 0)
    later = hall.submit(30)
    hall.finish()
    assert len(speaking.tokens) == len(later.tokens) == 30


def refuse(joins: object) -> None:
    raise ValueError("too long")


def test_urgency_is_asked_anew_at_every_admission() -> None:
    hall = Hall.of(1)
    hall.submit(3)
    hall.turn()
    patient, hasty = hall.submit(3), hall.submit(3)
    urgencies = {patient.seed: 1.0, hasty.seed: 2.0}
    patient.urgency = lambda: urgencies[patient.seed]
    hasty.urgency = lambda: urgencies[hasty.seed]
    urgencies[hasty.seed] = 0.5
    hall.finish()
    assert hall.decoder.joined == [[0], [hasty.seed], [patient.seed]]


def test_holes_are_filled_so_that_the_first_rows_are_computed() -> None:
    hall = Hall.of(4)
    utterances = [hall.submit(30) for _ in range(4)]
    hall.turn()
    hall.scheduler.cancel(utterances[0])
    hall.scheduler.cancel(utterances[2])
    hall.turn()
    assert set(hall.decoder.held) == {0, 1}
    hall.finish()


def test_a_voices_prefix_is_computed_by_its_first_utterance_only() -> None:
    hall = Hall.of(8)
    for _ in range(3):
        hall.submit(2)
    hall.turn()
    kept = [voice.prefix for voice in hall.voices]
    assert [prefix is not None for prefix in kept] == [True, True, False]
    for _ in range(3):
        hall.submit(2)
    hall.turn()
    assert [voice.prefix for voice in hall.voices] == kept
    assert hall.decoder.joined[1:] == [[3, 4], [5]]  # the one whose voice had no room is prefilled whole
    hall.finish()


def test_speech_in_circles_is_cut_where_they_begin(caplog: pytest.LogCaptureFixture) -> None:
    hall = Hall.of(2)
    utterance, other = hall.submit(3), hall.submit(300)
    hall.decoder.scripts[0] = [*range(500, 520), *[7, 8, 9] * 200]
    for _ in range(200):
        hall.scheduler.turn()
    assert utterance.ending is Ending.CIRCLING
    assert utterance.tokens == [*range(500, 520), 7, 8, 9]
    assert "cut after 23 speech tokens" in caplog.text
    assert hall.holders() == {other.seed}
