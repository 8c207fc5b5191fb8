"""Selection: the best 10 to 15 seconds, cut in pauses."""

from itertools import pairwise

import numpy as np
import pytest
from clips import RATE, noise, resized, silence
from hypothesis import given, settings
from hypothesis import strategies as st

from voices.clips.assessment import assess
from voices.clips.atoms import LONGEST_PAUSE, atoms
from voices.clips.clip import Clip
from voices.clips.levels import FRAMES_PER_SECOND
from voices.clips.preparation import examine, prepare_clip
from voices.clips.selection import describe, select
from voices.errors import InvalidClip


@pytest.fixture(scope="module")
def spoken(speech):
    return resized(speech, 14)


def _kept(*parts):
    (kept,) = examine(Clip(np.concatenate(parts).astype(np.float32))).kept
    return kept


def _level_at(samples, seconds):
    at = int(seconds * RATE)
    around = samples[max(at - RATE // 50, 0) : at + RATE // 50]
    return 20 * np.log10(np.sqrt(np.mean(np.square(around, dtype=np.float64))) + 1e-6)


def test_it_begins_and_ends_in_pauses(speech):
    samples = resized(speech, 60)
    (kept,) = examine(Clip(samples)).kept
    assert 10 <= kept.seconds <= 15
    assert _level_at(samples, kept.start) < -50
    assert _level_at(samples, kept.end) < -50
    assert "begins and ends in pauses" in kept.reasons


def test_the_clean_part_is_chosen_over_the_noisy(spoken):
    noisy = spoken + noise(spoken, -35)
    assert _kept(noisy, silence(1), spoken, silence(1), noisy).start == pytest.approx(15, abs=1)


def test_the_undistorted_part_is_chosen_over_the_clipped(spoken):
    clipped = np.clip(spoken * 6, -0.99, 0.99)
    assert _kept(clipped, silence(1), spoken * 0.99 / np.abs(spoken).max()).start == pytest.approx(15, abs=1)


def test_speech_is_chosen_over_a_word_here_and_there(spoken):
    sparse = np.concatenate([part for _ in range(12) for part in (spoken[: RATE // 2], silence(2))])
    assert _kept(sparse, spoken).start > 27


def test_speech_at_the_end_alone_is_found(spoken):
    kept = _kept(silence(120), spoken)
    assert kept.start == pytest.approx(120, abs=0.5)
    assert kept.end <= 134


def test_long_pauses_are_shortened_and_short_ones_are_not(spoken):
    phrase = np.concatenate([spoken[: int(2.5 * RATE)], silence(0.1)])
    kept = _kept(phrase, silence(3), phrase, silence(0.4), phrase, silence(5), phrase)
    assert len(kept.spans) == 3
    assert kept.end - kept.start == pytest.approx(18.4, abs=0.5)
    assert kept.seconds == pytest.approx(18.4 - 3 - 5 + 2 * LONGEST_PAUSE / FRAMES_PER_SECOND, abs=0.5)
    assert any("2 long pauses" in reason for reason in kept.reasons)


def test_speech_without_a_pause_is_cut_all_the_same_and_said_so():
    drone = np.sin(np.arange(60 * RATE) * 0.05) * (1 + 0.9 * np.sin(np.arange(60 * RATE) * 0.001))
    clip = Clip((0.3 * drone).astype(np.float32) + noise(drone, -80))
    window = select(assess(clip))
    assert window.frames <= 15 * FRAMES_PER_SECOND
    assert window.hard_cuts
    assert "no pause" in describe(window, assess(clip)).reasons[-1]


def test_atoms_are_in_order_apart_and_short_enough(speech):
    pieces = atoms(assess(Clip(resized(speech, 40))).activity, 100)
    assert all(piece.start < piece.end for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert all(piece.end - piece.start <= 100 for piece in pieces)


class TestSeveral:
    def test_short_clips_are_joined_whole(self, spoken):
        halves = [Clip(spoken[: 4 * RATE]), Clip(spoken[5 * RATE : 9 * RATE])]
        prepared = prepare_clip(halves)
        assert [kept.index for kept in prepared.kept] == [0, 1]
        assert prepared.clip.seconds == pytest.approx(8.2, abs=0.5)

    def test_long_clips_share_the_time_fairly(self, speech):
        kept = prepare_clip([Clip(resized(speech, seconds)) for seconds in (40, 60)]).kept
        assert all(5 <= each.seconds <= 8 for each in kept)

    def test_what_a_short_one_leaves_goes_to_the_others(self, speech, spoken):
        kept = prepare_clip([Clip(resized(speech, 40)), Clip(spoken[: 3 * RATE])]).kept
        assert kept[1].seconds == pytest.approx(3, abs=0.5)
        assert kept[0].seconds > 8

    def test_their_loudness_is_matched(self, spoken):
        prepared = prepare_clip([Clip(spoken[: 6 * RATE]), Clip(spoken[: 6 * RATE] * np.float32(0.1))])
        half = len(prepared.clip.samples) // 2
        levels = [float(np.std(part)) for part in np.split(prepared.clip.samples[: 2 * half], 2)]
        assert levels[0] == pytest.approx(levels[1], rel=0.1)

    def test_more_than_fit_leaves_the_worst_out_and_says_so(self, speech):
        good = [Clip(resized(speech, 10)) for _ in range(5)]
        bad = Clip(resized(speech, 10) + noise(resized(speech, 10), -30))
        prepared = prepare_clip([*good[:2], bad, *good[2:]])
        assert [kept.index for kept in prepared.kept] == [0, 1, 3, 4, 5]
        assert "unused" in [finding.code for finding in prepared.findings]
        assert prepared.clip.seconds <= 15

    def test_a_silent_one_is_named(self, spoken):
        with pytest.raises(InvalidClip, match="silent"):
            prepare_clip([Clip(spoken), Clip(silence(5))])

    @pytest.mark.parametrize("count", [0, 11])
    def test_none_and_too_many_are_refused(self, spoken, count):
        with pytest.raises(InvalidClip, match="1 to 10"):
            prepare_clip([Clip(spoken)] * count)


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["speech", "silence", "noise", "loud", "offset"]),
        st.floats(0.01, 9),
        st.floats(0.001, 1),
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(several=st.lists(PARTS, min_size=1, max_size=3))
def test_whatever_comes_it_keeps_at_most_fifteen_seconds_within_the_source(speech, several):
    clips = [Clip(_made_of(parts, speech)) for parts in several]
    examination = examine(clips)
    for kept in examination.kept:
        assert 0 <= kept.start < kept.end <= clips[kept.index].seconds
        assert 0 < kept.seconds <= 15
        assert all(start < end for start, end in kept.spans)
    if examination.prepared is not None:
        clip = examination.prepared.clip
        assert 5 <= clip.seconds <= 15
        assert np.array_equal(clip.quantised().samples, clip.samples)
        assert np.isfinite(clip.samples).all()
    else:
        assert any(finding.severity == "error" for finding in examination.findings)


def _made_of(parts, speech):
    made = [np.zeros(0, np.float32)]
    for kind, seconds, gain in parts:
        samples = resized(speech, seconds)
        made.append(
            {
                "speech": samples * gain,
                "silence": 0 * samples,
                "noise": noise(samples, 20 * np.log10(gain) - 10),
                "loud": np.clip(samples * 10, -1, 1),
                "offset": samples * 0.5 + gain * 0.5,
            }[kind]
        )
    return np.concatenate(made).astype(np.float32)
