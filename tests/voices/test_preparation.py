"""Preparation: trimmed, at an even loudness, measured."""

import numpy as np
import pytest

from voices.clips.clip import Clip
from voices.clips.decoding import decode_clip
from voices.clips.editing import TARGET_LUFS
from voices.clips.levels import loudness_lufs
from voices.clips.preparation import prepare_clip
from voices.errors import InvalidClip


def _silence(seconds: float, rate: int) -> np.ndarray:
    return np.zeros(int(seconds * rate), np.float32)


def _padded(clip: Clip, before: float, after: float) -> Clip:
    rate = clip.sample_rate
    return Clip(np.concatenate([_silence(before, rate), clip.samples, _silence(after, rate)]), rate)


def test_loudness_is_brought_to_the_target(speech):
    for gain in (0.02, 1.0):
        prepared = prepare_clip(Clip(speech.samples * np.float32(gain), speech.sample_rate))
        assert loudness_lufs(prepared.clip) == pytest.approx(TARGET_LUFS, abs=0.2)


def test_silence_around_the_speech_is_cut_off(speech):
    plain = prepare_clip(speech).clip.seconds
    assert prepare_clip(_padded(speech, 3, 4)).clip.seconds == pytest.approx(plain, abs=0.25)


def test_at_most_fifteen_seconds_are_kept(speech):
    long = Clip(np.tile(speech.samples, 4), speech.sample_rate)
    assert 10 <= prepare_clip(long).clip.seconds <= 15


def test_the_facts_are_those_of_the_prepared_clip(speech):
    prepared = prepare_clip(speech)
    assert prepared.facts.seconds == pytest.approx(prepared.clip.seconds, abs=0.001)
    assert prepared.facts.peak_dbfs == pytest.approx(
        20 * np.log10(np.abs(prepared.clip.samples).max()), abs=0.01
    )
    assert 5 < prepared.facts.speech_seconds <= prepared.facts.seconds


def test_noise_lowers_the_estimated_signal_to_noise_ratio(speech):
    noise = np.random.default_rng(0).normal(0, 0.02, len(speech.samples)).astype(np.float32)
    noisy = prepare_clip(Clip(speech.samples + noise, speech.sample_rate))
    assert noisy.facts.snr_db < prepare_clip(speech).facts.snr_db - 10


def test_a_clip_with_less_than_five_seconds_of_speech_is_refused(speech):
    short = Clip(speech.samples[: 4 * speech.sample_rate], speech.sample_rate)
    with pytest.raises(InvalidClip, match=r"only [34]\.\d s of speech"):
        prepare_clip(_padded(short, 5, 5))


@pytest.mark.parametrize("samples", [np.zeros(240_000, np.float32), np.full(240_000, 1e-5, np.float32)])
def test_a_silent_clip_is_refused(samples):
    with pytest.raises(InvalidClip, match="silent"):
        prepare_clip(Clip(samples))


def test_a_clip_of_a_few_samples_is_refused():
    with pytest.raises(InvalidClip):
        prepare_clip(Clip(np.ones(10, np.float32)))


def test_the_prepared_clip_is_exactly_what_flac_stores(speech):
    prepared = prepare_clip(speech)
    assert np.array_equal(
        decode_clip(prepared.clip.to_flac(), speech.sample_rate).samples, prepared.clip.samples
    )


def test_a_dc_offset_is_gone_and_silence_is_silence(speech):
    prepared = prepare_clip(Clip(speech.samples * np.float32(0.5) + np.float32(0.2), speech.sample_rate))
    assert np.median(prepared.clip.samples) == pytest.approx(0, abs=0.001)


def test_the_ends_are_faded(speech):
    prepared = prepare_clip(Clip(speech.samples[speech.sample_rate :], speech.sample_rate))
    assert abs(prepared.clip.samples[0]) < 0.001
    assert abs(prepared.clip.samples[-1]) < 0.001


def test_a_prepared_clip_prepared_again_stays_as_it_is(speech):
    once = prepare_clip(speech).clip
    again = prepare_clip(once).clip
    assert again.seconds == pytest.approx(once.seconds, abs=0.25)
    assert np.std(again.samples) == pytest.approx(np.std(once.samples), rel=0.05)
