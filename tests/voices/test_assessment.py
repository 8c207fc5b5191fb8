"""Assessment: every container and every fault gets its verdict."""

from pathlib import Path

import numpy as np
import pytest
from clips import CONTAINERS, DAMAGED, RATE, REFUSED, WARNED, hum, noise, resized, silence, written

from voices.clips.assessment import assess
from voices.clips.clip import Clip
from voices.clips.decoding import decode_clip
from voices.clips.editing import TARGET_LUFS
from voices.clips.findings import LEAST_SNR_DB
from voices.clips.levels import loudness_lufs
from voices.clips.preparation import examine, prepare_clip
from voices.errors import InvalidClip


@pytest.fixture(scope="module")
def spoken(speech):
    return resized(speech, 14)


def _codes(examination):
    return [finding.code for finding in examination.findings]


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_good_clip_is_good_in_any_container(spoken, name):
    examination = examine(decode_clip(CONTAINERS[name](spoken)))
    assert _codes(examination) == []
    assert 10 <= examination.prepared.clip.seconds <= 15
    assert loudness_lufs(examination.prepared.clip) == pytest.approx(TARGET_LUFS, abs=0.2)


@pytest.mark.parametrize("name", WARNED)
def test_a_fault_is_warned_of_and_refused_when_strict(spoken, name):
    code, make = WARNED[name]
    clip = decode_clip(make(spoken))
    examination = examine(clip)
    assert _codes(examination) == [code]
    assert examination.findings[0].severity == "warning"
    assert any(character.isdigit() for character in examination.findings[0].message)
    assert examination.prepared is not None
    with pytest.raises(InvalidClip) as refused:
        prepare_clip(clip, strict=True)
    assert refused.value.reason == code


@pytest.mark.parametrize("name", DAMAGED)
def test_what_can_be_read_of_a_damaged_file_is_used_and_the_rest_is_counted(spoken, name):
    least, most, make = DAMAGED[name]
    clip = decode_clip(make(spoken))
    examination = examine(clip)
    assert least <= clip.source.lost_seconds <= most
    assert clip.seconds > 7
    assert _codes(examination)[0] == "damaged"
    assert f"{clip.source.lost_seconds:.2f} s of " in examination.findings[0].message
    with pytest.raises(InvalidClip) as refused:
        prepare_clip(clip, strict=True)
    assert refused.value.reason == "damaged"


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_voice_is_refused_with_its_reason(spoken, name):
    code, make = REFUSED[name]
    with pytest.raises(InvalidClip) as refused:
        prepare_clip(decode_clip(make(spoken)))
    assert refused.value.reason == code


def test_two_faults_are_both_named(spoken):
    clip = decode_clip(written(np.clip(spoken * 5, -1, 1)[: 6 * RATE]))
    with pytest.raises(InvalidClip, match=r"clipped: .*Only \d"):
        prepare_clip(clip, strict=True)


@pytest.mark.parametrize("true_db", [10, 15, 25, 30, 40])
def test_signal_to_noise_is_estimated_within_a_few_decibels(spoken, true_db):
    # The level of the speech as an assessment takes it: of the frames with speech.
    clean = assess(Clip(spoken))
    level = clean.activity.levels[clean.activity.speech]
    speech_db = 10 * np.log10(np.mean(10 ** (level / 10)))
    noisy = assess(Clip(spoken + noise(spoken, speech_db - true_db)))
    assert noisy.measurements.snr_db == pytest.approx(true_db, abs=3)
    assert ("noisy" in [each.code for each in noisy.findings]) == (true_db < LEAST_SNR_DB)


@pytest.mark.parametrize("gain", [0.05, 0.3, 1.0])
def test_speech_is_found_at_any_level(spoken, gain):
    at_full = assess(Clip(spoken)).measurements.speech_seconds
    assert assess(Clip(spoken * np.float32(gain))).measurements.speech_seconds == pytest.approx(
        at_full, abs=0.3
    )


def test_speech_is_found_where_it_is(spoken):
    clip = Clip(np.concatenate([silence(60), spoken[: 8 * RATE]]) + noise(np.zeros(68 * RATE), -70))
    assessment = assess(clip)
    assert assessment.measurements.speech_seconds == pytest.approx(7.5, abs=0.7)
    assert not assessment.activity.speech[: 59 * 50].any()


@pytest.mark.parametrize(("ends_at", "told"), [(3_400, 3_500), (4_000, 4_000), (8_000, 8_000)])
def test_bandwidth_is_where_the_spectrum_ends_not_where_the_file_says(spoken, ends_at, told):
    spectrum = np.fft.rfft(spoken)
    spectrum[int(ends_at * len(spoken) / RATE) :] = 0
    limited = Clip(np.fft.irfft(spectrum, len(spoken)).astype(np.float32))
    assert assess(limited).measurements.bandwidth_hz == pytest.approx(told, abs=500)


def test_a_normalised_recording_is_not_clipped(spoken):
    measured = assess(decode_clip(written(spoken / np.abs(spoken).max()))).measurements
    assert measured.peak_dbfs == 0
    assert measured.clipped_share < 0.0001


def test_a_loud_hum_is_not_clipping(spoken):
    assert assess(decode_clip(written(0.3 * spoken + hum(spoken, 0.3)))).measurements.clipped_share < 0.001


def test_the_source_is_remembered(tmp_path: Path, spoken):
    path = tmp_path / "anna.wav"
    path.write_bytes(written(np.stack([spoken, spoken], axis=1), 44_100))
    assessment = assess(decode_clip(path))
    assert assessment.name == "anna.wav"
    assert (assessment.measurements.sample_rate, assessment.measurements.channels) == (44_100, 2)


@pytest.mark.parametrize("samples", [0, 1, 100, 479, 480, 481, 9_600, 9_601])
def test_next_to_nothing_can_be_assessed(samples):
    assert assess(Clip(np.ones(samples, np.float32) * np.float32(0.5))).measurements.speech_seconds == 0
