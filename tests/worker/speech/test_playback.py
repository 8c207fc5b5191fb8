"""Playback: a listener who plays in real time, on a clock that the test turns."""

import pytest

from worker.engine.base import Playback


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def playback(clock):
    return Playback(clock)


def test_nothing_is_buffered_and_nothing_missed_before_the_first_audio(playback, clock):
    clock.now += 60
    assert (playback.has_begun, playback.buffered_seconds, playback.underruns) == (False, 0.0, 0)


def test_what_was_given_is_played_in_real_time(playback, clock):
    playback.note(2.0)
    clock.now += 0.5
    assert playback.buffered_seconds == pytest.approx(1.5)
    playback.note(1.0)
    assert playback.buffered_seconds == pytest.approx(2.5)
    assert playback.underruns == 0


def test_a_listener_who_runs_dry_waits_and_goes_on(playback, clock):
    playback.note(1.0)
    clock.now += 1.25
    assert playback.buffered_seconds == pytest.approx(-0.25)
    playback.note(1.0)
    assert (playback.underruns, playback.underrun_seconds) == (1, pytest.approx(0.25))
    assert playback.buffered_seconds == pytest.approx(1.0)


def test_silence_after_the_end_is_no_underrun(playback, clock):
    playback.note(1.0)
    clock.now += 10
    assert playback.underruns == 0


def test_silence_while_text_is_late_is_no_underrun(playback, clock):
    playback.note(1.0)
    clock.now += 0.5
    assert not playback.excuse()
    clock.now += 10
    assert playback.excuse()
    assert not playback.has_begun
    playback.note(1.0)
    assert (playback.underruns, playback.buffered_seconds) == (0, pytest.approx(1.0))
