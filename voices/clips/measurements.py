"""What a recording measures: loudness, noise, bandwidth, and what is wrong with its samples."""

from dataclasses import dataclass

import numpy as np

from voices.clips.activity import Activity, Mask
from voices.clips.clip import Clip, Samples
from voices.clips.clipping import FlatTops
from voices.clips.levels import FRAMES_PER_SECOND, dc_offset, decibels, loudness_lufs

_REACH_DB = 55.0
"""A band this far below the strongest is empty: speech's own highs lie 30 to 50 dB below its vowels,
the stop band of any resampler 70 dB and more."""
_PERCENTILE = 97
"""Only some sounds (s, f, t) reach high: a band counts by its loudest 3 %."""
_BANDS_HZ = 250.0
_MOST_FRAMES = 6_000
"""Two minutes of speech tell as much as ten."""
_LOWEST_PEAK = 1e-12


def bandwidth_hz(clip: Clip, speech: Mask) -> float:
    """Return the upper edge, in Hz to 250, of what the speech's spectrum reaches; 0 without speech."""
    length = clip.sample_rate // FRAMES_PER_SECOND
    frames = clip.samples[: len(speech) * length].reshape(-1, length)[speech][:_MOST_FRAMES]
    if not len(frames):
        return 0.0
    window = np.blackman(length).astype(np.float32)  # its side lobes are below the reach
    power = np.square(np.abs(np.fft.rfft((frames - frames.mean()) * window, axis=1)))
    bins = max(round(_BANDS_HZ * length / clip.sample_rate), 1)
    bands = power[:, 1 : 1 + (power.shape[1] - 1) // bins * bins].reshape(len(frames), -1, bins).mean(axis=2)
    loud = np.percentile(bands, _PERCENTILE, axis=0)
    reached = np.flatnonzero(loud > max(loud.max() * 10 ** (-_REACH_DB / 10), _LOWEST_PEAK))
    return float((reached[-1] + 1) * bins * clip.sample_rate / length) if reached.size else 0.0


@dataclass(frozen=True)
class Measurements:
    """Measured on a recording as it came."""

    seconds: float
    speech_seconds: float
    sample_rate: int
    """Hz, of the file."""
    channels: int
    codec: str
    loudness_lufs: float
    peak_dbfs: float
    clipped_share: float
    """Of the samples in speech, 0 to 1."""
    snr_db: float
    bandwidth_hz: float
    """Up to where its spectrum reaches, 12,000 Hz at most."""
    dc_offset: float
    """What silence stands at, 1 being full scale."""
    lost_seconds: float
    """Missing from the file, or not to be decoded."""


def measure(recording: Clip, activity: Activity, clipped: Samples) -> Measurements:
    """Measure a recording whose speech and clipped samples are known."""
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
    """Return the share of clipped samples in each frame; decoding has counted them already."""
    if recording.source is not None:
        counted = recording.source.clipped
    else:
        flat_tops = FlatTops(recording.sample_rate)
        flat_tops.add(recording.samples[np.newaxis])
        counted = flat_tops.share_per_frame()
    return np.pad(counted, (0, max(frames - len(counted), 0)))[:frames]
