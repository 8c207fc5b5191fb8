"""A recording becomes a reference clip: trimmed, at an even loudness, measured."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyloudnorm

from voices.clip import CLIP_SAMPLE_RATE, Clip, Samples
from voices.errors import InvalidClip
from voices.voice import ClipFacts

with warnings.catch_warnings():
    # pydub looks for an ffmpeg program, which we do not use, and imports audioop, which 3.13 drops.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.silence import detect_nonsilent

TARGET_LUFS = -27.0
"""Chatterbox normalises every reference to this, so doing it here changes nothing later."""
PEAK_CEILING_DBFS = -1.0

MIN_SPEECH_SECONDS = 5.0
"""Chatterbox refuses shorter references."""
MAX_REFERENCE_SECONDS = 15.0
"""T3 hears the first 15 s, S3Gen the first 10; what follows would only be stored."""

_FRAME_SECONDS = 0.02
_SPEECH_RANGE_DB = 35.0
"""What is this far below the loudest speech is a pause."""
_SILENCE_DBFS = -60.0
_MIN_PAUSE_MS = 300
_SEEK_STEP_MS = 10
_MARGIN_MS = 100
"""Kept around speech, so that no soft onset is cut off."""
_FADE_MS = 10

_FULL_SCALE = 2**31
"""pydub edits 32-bit integers here, so that gain does not bring up quantisation noise."""


@dataclass(frozen=True)
class PreparedClip:
    """A reference clip ready to be published, with what was measured on it."""

    clip: Clip
    facts: ClipFacts


def prepare_clip(recording: Clip) -> PreparedClip:
    """Trim, cut to length, normalise loudness and measure.

    Raises ``InvalidClip`` when the recording is silent or has less than 5 s of speech.
    """
    spoken = _spoken_ranges(recording)
    if not spoken:
        raise InvalidClip("The clip is silent: record 10 to 15 seconds of clear speech.")
    segment = _to_segment(recording)
    start = max(spoken[0][0] - _MARGIN_MS, 0)
    end = min(spoken[-1][1] + _MARGIN_MS, start + MAX_REFERENCE_SECONDS * 1000)
    speech_seconds = sum(max(min(stop, end) - begin, 0) for begin, stop in spoken) / 1000
    if speech_seconds < MIN_SPEECH_SECONDS:
        raise InvalidClip(
            f"The clip has only {speech_seconds:.1f} s of speech: "
            f"at least {MIN_SPEECH_SECONDS:.0f} s are needed, 10 to 15 s are best."
        )
    trimmed = segment[start:end].fade_in(_FADE_MS).fade_out(_FADE_MS)
    clip = _normalised(trimmed)
    return PreparedClip(clip, measure(clip))


def loudness_lufs(clip: Clip) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770); minus infinity for silence."""
    return float(pyloudnorm.Meter(clip.sample_rate).integrated_loudness(clip.samples))


def _normalised(segment: AudioSegment) -> Clip:
    gain_db = TARGET_LUFS - loudness_lufs(_to_clip(segment))
    gain_db = min(gain_db, PEAK_CEILING_DBFS - segment.max_dBFS)
    return _to_clip(segment.apply_gain(gain_db)).quantised()


def _spoken_ranges(clip: Clip) -> list[tuple[int, int]]:
    """Find where there is speech, or at least sound, in milliseconds."""
    levels = _frame_levels(clip)
    loudest = float(np.percentile(levels, 95)) if levels.size else -np.inf
    if loudest < _SILENCE_DBFS:
        return []
    ranges: list[tuple[int, int]] = detect_nonsilent(
        _to_segment(clip),
        min_silence_len=_MIN_PAUSE_MS,
        silence_thresh=max(loudest - _SPEECH_RANGE_DB, _SILENCE_DBFS),
        seek_step=_SEEK_STEP_MS,
    )
    return ranges


def measure(clip: Clip) -> ClipFacts:
    """Measure a prepared clip."""
    speech_seconds = sum(stop - begin for begin, stop in _spoken_ranges(clip)) / 1000
    levels = _frame_levels(clip)
    return ClipFacts(
        seconds=round(clip.seconds, 3),
        speech_seconds=round(speech_seconds, 3),
        sample_rate=clip.sample_rate,
        loudness_lufs=round(loudness_lufs(clip), 2),
        peak_dbfs=round(float(_decibels(np.abs(clip.samples).max())), 2),
        snr_db=round(float(np.percentile(levels, 80) - np.percentile(levels, 5)), 1),
    )


def _frame_levels(clip: Clip) -> npt.NDArray[np.float64]:
    """Level of each 20 ms frame in dBFS."""
    length = int(clip.sample_rate * _FRAME_SECONDS)
    frames = clip.samples[: len(clip.samples) // length * length].reshape(-1, length)
    return _decibels(np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1)))


def _decibels(amplitude: npt.ArrayLike) -> npt.NDArray[np.float64]:
    decibels: npt.NDArray[np.float64] = 20 * np.log10(np.maximum(amplitude, 1e-6))
    return decibels


def _to_segment(clip: Clip) -> AudioSegment:
    scaled = np.clip(clip.samples.astype(np.float64) * _FULL_SCALE, -_FULL_SCALE, _FULL_SCALE - 1)
    return AudioSegment(
        scaled.astype("<i4").tobytes(), sample_width=4, frame_rate=clip.sample_rate, channels=1
    )


def _to_clip(segment: AudioSegment) -> Clip:
    samples: Samples = np.frombuffer(segment.raw_data, "<i4").astype(np.float32) / np.float32(_FULL_SCALE)
    return Clip(samples, segment.frame_rate or CLIP_SAMPLE_RATE)
