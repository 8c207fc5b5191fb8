"""Levels: how loud samples are, in frames of 20 ms and on the whole."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from voices.clips.clip import Clip

FRAMES_PER_SECOND = 50
"""All measuring is done on frames of 20 ms: shorter than any sound of speech, longer than a pitch period."""

Levels = npt.NDArray[np.float64]

FLOOR_DB = -120.0
"""Stands for nothing at all; below what 16 bits can hold."""
_LOUDNESS_BLOCK_SECONDS = 0.4
"""ITU-R BS.1770 measures in blocks of this length: a shorter clip has no loudness."""


def decibels(amplitude: npt.ArrayLike) -> Levels:
    """Return amplitudes in dBFS, ``FLOOR_DB`` at least."""
    levels: Levels = 20 * np.log10(np.maximum(np.asarray(amplitude, np.float64), 10 ** (FLOOR_DB / 20)))
    return levels


def mean_level(levels: Levels) -> float:
    """Return the level of the mean power of frames in dBFS."""
    if not levels.size:
        return FLOOR_DB
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))


def frame_levels(clip: "Clip") -> Levels:
    """Return the level of each whole frame of 20 ms in dBFS, a DC offset aside."""
    length = clip.sample_rate // FRAMES_PER_SECOND
    frames = clip.samples[: len(clip.samples) // length * length].reshape(-1, length)
    return decibels(frames.std(axis=1, dtype=np.float64))


def dc_offset(clip: "Clip") -> float:
    """Return what silence stands at, 1 being full scale.

    The median, which is zero where pauses are: the mean of speech is not, its pulses lean to one side.
    """
    return float(np.median(clip.samples)) if clip.samples.size else 0.0


def loudness_lufs(clip: "Clip") -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770); ``FLOOR_DB`` for silence, the level for under 0.4 s."""
    if clip.seconds <= _LOUDNESS_BLOCK_SECONDS:
        return mean_level(frame_levels(clip))
    import pyloudnorm  # brings scipy, which decoding a clip does without

    with np.errstate(divide="ignore"):
        loudness = float(pyloudnorm.Meter(clip.sample_rate).integrated_loudness(clip.samples))
    return max(loudness, FLOOR_DB)
