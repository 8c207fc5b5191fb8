"""Bandwidth: up to which frequency a recording has anything in it, whatever its sample rate claims."""

import numpy as np

from voices.activity import Mask
from voices.clip import Clip
from voices.levels import FRAMES_PER_SECOND

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
