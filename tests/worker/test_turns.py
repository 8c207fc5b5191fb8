"""Who has plenty to play gives way to who has nothing, and never for long."""

import threading
import time
from contextlib import ExitStack

import pytest

from worker.playback import Playback
from worker.turns import _LONGEST_WAIT_S, Turns


class Player(Playback):
    """It has as much to play as it is told."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    @property
    def buffered_seconds(self):
        return self.seconds


@pytest.fixture
def turns():
    return Turns()


@pytest.fixture
def looks(monkeypatch):
    """Return the pauses between the looks of who gives way."""
    pauses, sleep = [], time.sleep

    def pause(seconds):
        pauses.append(seconds)
        sleep(seconds)

    monkeypatch.setattr("worker.turns.time.sleep", pause)
    return pauses


def give_way(turns, mine, others):
    with ExitStack() as stack:
        for each in (mine, *others):
            stack.enter_context(turns.listening(each))
        turns.give_way(mine)


def test_plenty_gives_way_to_nothing_but_not_for_ever(turns, looks):
    give_way(turns, Player(60), [Player(0)])
    assert 1 < len(looks) <= _LONGEST_WAIT_S / looks[0]


@pytest.mark.parametrize(("mine", "others"), [(0.0, [0.0]), (1.0, [0.0]), (60.0, [10.0]), (60.0, [])])
def test_nobody_waits_who_needs_it_or_whom_nobody_waits_for(turns, looks, mine, others):
    give_way(turns, Player(mine), [Player(each) for each in others])
    assert looks == []


def test_it_goes_on_as_soon_as_nobody_waits(turns):
    mine, other = Player(60), Player(0)
    with turns.listening(mine), turns.listening(other):
        waiting = threading.Thread(target=turns.give_way, args=[mine])
        waiting.start()
        other.seconds = 30
        waiting.join(30)
    assert not waiting.is_alive()


def test_who_has_ended_is_waited_for_no_more(turns, looks):
    with turns.listening(Player(0)):
        pass
    give_way(turns, Player(60), [])
    assert looks == []
