"""Assessment: what is right and wrong with a recording, in numbers and in words."""

from dataclasses import dataclass

import numpy as np

from voices.activity import Activity, find_speech
from voices.bandwidth import bandwidth_hz
from voices.clip import Clip, Samples
from voices.clipping import FlatTops
from voices.findings import Finding, judge
from voices.levels import FRAMES_PER_SECOND, dc_offset, decibels, frame_levels, loudness_lufs


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


@dataclass(frozen=True, eq=False)
class Assessment:
    """A recording, what was measured on it, and what that means."""

    name: str
    recording: Clip
    measurements: Measurements
    findings: tuple[Finding, ...]
    """Those that concern this recording alone."""
    activity: Activity
    clipped: Samples
    """Share of clipped samples, 0 to 1, in each frame of 20 ms."""


def assess(recording: Clip) -> Assessment:
    """Measure a recording; raises nothing, whatever is in it."""
    activity = find_speech(frame_levels(recording))
    clipped = _clipped(recording, len(activity.levels))
    measurements = _measure(recording, activity, clipped)
    name = recording.source.name if recording.source else "the clip"
    return Assessment(name, recording, measurements, judge(measurements, name), activity, clipped)


def _measure(recording: Clip, activity: Activity, clipped: Samples) -> Measurements:
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


def _clipped(recording: Clip, frames: int) -> Samples:
    """Return the share of clipped samples in each frame; decoding has counted them already."""
    if recording.source is not None:
        counted = recording.source.clipped
    else:
        flat_tops = FlatTops(recording.sample_rate)
        flat_tops.add(recording.samples[np.newaxis])
        counted = flat_tops.share_per_frame()
    return np.pad(counted, (0, max(frames - len(counted), 0)))[:frames]
