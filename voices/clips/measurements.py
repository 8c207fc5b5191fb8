"""Measurements on a recording: loudness, noise, bandwidth, clipping and damage."""

from dataclasses import dataclass

import numpy as np

from voices.clips.activity import Activity, Mask
from voices.clips.clip import Clip, Samples
from voices.clips.clipping import FlatTops
from voices.clips.levels import FRAMES_PER_SECOND, dc_offset, decibels, loudness_lufs

_REACH_DB = 55.0
"""A band this far below the strongest is empty: the high frequencies of speech are 30 to 50 dB below its
vowels, a resampler's stop band 70 dB or more."""
_PERCENTILE = 97
"""A band is judged by its loudest 3 % of frames, because only some sounds (s, f, t) have high frequencies."""
_BANDS_HZ = 250.0
_MOST_FRAMES = 6_000
"""Two minutes of speech; more would not change the result."""
_LOWEST_PEAK = 1e-12


def bandwidth_hz(clip: Clip, speech: Mask) -> float:
    """Return the upper edge of the speech's spectrum in Hz, in steps of 250; 0 without speech."""
    length = clip.sample_rate // FRAMES_PER_SECOND
    frames = clip.samples[: len(speech) * length].reshape(-1, length)[speech][:_MOST_FRAMES]
    if not len(frames):
        return 0.0
    window = np.blackman(length).astype(np.float32)  # its side lobes are below _REACH_DB
    power = np.square(np.abs(np.fft.rfft((frames - frames.mean()) * window, axis=1)))
    bins = max(round(_BANDS_HZ * length / clip.sample_rate), 1)
    bands = power[:, 1 : 1 + (power.shape[1] - 1) // bins * bins].reshape(len(frames), -1, bins).mean(axis=2)
    loud = np.percentile(bands, _PERCENTILE, axis=0)
    reached = np.flatnonzero(loud > max(loud.max() * 10 ** (-_REACH_DB / 10), _LOWEST_PEAK))
    return float((reached[-1] + 1) * bins * clip.sample_rate / length) if reached.size else 0.0


@dataclass(frozen=True)
class Measurements:
    """Measurements on an unedited recording."""

    seconds: float
    speech_seconds: float
    sample_rate: int
    """Hz, before resampling."""
    channels: int
    codec: str
    loudness_lufs: float
    peak_dbfs: float
    clipped_share: float
    """Share of the samples in speech, 0 to 1."""
    snr_db: float
    bandwidth_hz: float
    """Upper edge of the spectrum in Hz, at most 12,000."""
    dc_offset: float
    """As a fraction of full scale."""
    lost_seconds: float
    """Audio that is missing from the file or could not be decoded."""


def measure(recording: Clip, activity: Activity, clipped: Samples) -> Measurements:
    """Measure a recording, given its voice activity and its clipped samples."""
    source = recording.source
    samples = recording.samples
    peak = source.peak if source else float(np.abs(samples).max(initial=0))
    speech_frames = int(activity.speech.sum())
    return Measurements(
        seconds=round(recording.seconds, 3),
        speech_seconds=round(speech_frames / FRAMES_PER_SECOND, 2),
        sample_rate=source.sample_rate if source else recording.sample_rate,
        channels=source.channels if source else 1,
        codec=source.codec if source else "none",
        loudness_lufs=round(loudness_lufs(recording), 1),
        peak_dbfs=round(float(decibels(peak)), 1),
        clipped_share=round(float(clipped.sum()) / max(speech_frames, 1), 5),
        snr_db=round(activity.snr_db(), 1),
        bandwidth_hz=bandwidth_hz(recording, activity.speech),
        dc_offset=round(dc_offset(recording), 4),
        lost_seconds=round(source.lost_seconds, 3) if source else 0.0,
    )


def clipped_samples(recording: Clip, frames: int) -> Samples:
    """Return the share of clipped samples in each frame, from the decoder if the clip was decoded."""
    if recording.source is not None:
        counted = recording.source.clipped
    else:
        flat_tops = FlatTops(recording.sample_rate)
        flat_tops.add(recording.samples[np.newaxis])
        counted = flat_tops.share_per_frame()
    return np.pad(counted, (0, max(frames - len(counted), 0)))[:frames]
