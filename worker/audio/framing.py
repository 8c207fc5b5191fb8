"""Frames of 10 ms, the unit in which stages measure speech, whatever the block size."""

import numpy as np
import numpy.typing as npt

from voices.clips.clip import Samples

FRAMES_PER_SECOND = 100

Powers = npt.NDArray[np.float64]


class Framer:
    """Splits a stream of samples at ``sample_rate`` Hz into whole frames."""

    def __init__(self, sample_rate: int) -> None:
        self.length = sample_rate // FRAMES_PER_SECOND
        """Samples per frame."""
        self._rest: Samples = np.zeros(0, np.float32)

    def cut(self, samples: Samples) -> Samples:
        """Return (n, ``length``) the frames that are complete by now."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // self.length * self.length
        self._rest = joined[whole:].copy()
        return joined[:whole].reshape(-1, self.length)

    def rest(self) -> Samples:
        """Return the incomplete frame at the end, and clear it."""
        rest, self._rest = self._rest, self._rest[:0]
        return rest


def frame_powers(frames: Samples) -> Powers:
    """Return (n,) the mean power of each of (n, length) frames, relative to full scale."""
    powers: Powers = np.mean(np.square(frames, dtype=np.float64), axis=-1)
    return powers


def power_ratio(decibels: float) -> float:
    """Convert decibels to a ratio of powers."""
    return float(10.0 ** (decibels / 10.0))
