"""Levels: loudness in frames of 20 ms and over a whole clip."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from voices.clips.clip import Clip

FRAMES_PER_SECOND = 50
"""Frames of 20 ms are shorter than any speech sound and longer than a pitch period."""

Levels = npt.NDArray[np.float64]

FLOOR_DB = -120.0
"""The level of digital silence; below the range of 16 bits."""
_LOUDNESS_BLOCK_SECONDS = 0.4
"""ITU-R BS.1770 measures in blocks of this length, so a shorter clip has no loudness."""


def decibels(amplitude: npt.ArrayLike) -> Levels:
    """Convert amplitudes to dBFS, at least ``FLOOR_DB``."""
    levels: Levels = 20 * np.log10(np.maximum(np.asarray(amplitude, np.float64), 10 ** (FLOOR_DB / 20)))
    return levels


def mean_level(levels: Levels) -> float:
    """Return the level of the frames' mean power in dBFS."""
    if not levels.size:
        return FLOOR_DB
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))


def frame_levels(clip: "Clip") -> Levels:
    """Return the level of each whole frame of 20 ms in dBFS, without the DC offset."""
    length = clip.sample_rate // FRAMES_PER_SECOND
    frames = clip.samples[: len(clip.samples) // length * length].reshape(-1, length)
    return decibels(frames.std(axis=1, dtype=np.float64))


def dc_offset(clip: "Clip") -> float:
    """Return the DC offset, as a fraction of full scale.

    It is the median: the mean of clean speech is not zero, because its pulses are asymmetric.
    """
    return float(np.median(clip.samples)) if clip.samples.size else 0.0


def loudness_lufs(clip: "Clip") -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770), at least ``FLOOR_DB``; under 0.4 s the mean level."""
    if clip.seconds <= _LOUDNESS_BLOCK_SECONDS:
        return mean_level(frame_levels(clip))
    import pyloudnorm  # imports scipy, which decoding does not need

    with np.errstate(divide="ignore"):
        loudness = float(pyloudnorm.Meter(clip.sample_rate).integrated_loudness(clip.samples))
    return max(loudness, FLOOR_DB)
