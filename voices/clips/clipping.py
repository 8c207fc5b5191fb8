"""Clipping: flat tops at the end of a recording's scale.

Clipping is measured while decoding, at the file's own sample rate, because resampling rounds flat tops.
"""

import numpy as np
import numpy.typing as npt

from voices.clips.levels import FRAMES_PER_SECOND

_FULL_SCALE = 0.999
"""From this level an integer sample is at the end of its scale, allowing for the decoder's rounding."""
_FLAT_SECONDS = 0.0002
"""A top that is flat for this long is clipped: the peak of a 50 Hz hum at full scale is not flat so long."""
_MIN_FLAT_SAMPLES = 4
_EQUAL = 2e-6
"""Largest difference of equal samples: less than one step of 16 bits."""
_MIN_FLAT_LEVEL = 0.05
"""-26 dBFS: flat stretches below it are pauses or coarse quantisation."""
_NEAR_PEAK = 0.97
"""A recording that was attenuated after clipping is flat only near its own peak."""


class FlatTops:
    """Counts clipped samples in frames of 20 ms, block by block.

    In integer and lossy formats every sample at full scale counts as clipped; in floating-point PCM
    (``is_float``) only flat tops do.
    """

    def __init__(self, sample_rate: int, *, is_float: bool = False) -> None:
        self._sample_rate = sample_rate
        self._run = max(_MIN_FLAT_SAMPLES, round(sample_rate * _FLAT_SECONDS))
        self._full_scale = np.inf if is_float else _FULL_SCALE
        self._samples = 0
        self._peak = 0.0
        self._levels: list[npt.NDArray[np.float32]] = []
        self._frames: list[npt.NDArray[np.int64]] = []

    def add(self, rows: npt.NDArray[np.float32]) -> None:
        """Count the next block, (channels, n); a sample is clipped if any channel is."""
        if not rows.shape[1]:
            return
        levels = np.abs(rows)
        self._peak = max(self._peak, float(levels.max()))
        flat = np.zeros(rows.shape[1], np.float32)
        for row, level in zip(rows, levels, strict=True):
            cut = (level >= self._full_scale) | (_in_runs(row, self._run) & (level >= _MIN_FLAT_LEVEL))
            np.maximum(flat, np.where(cut, level, 0), out=flat)
        where = np.flatnonzero(flat)
        self._levels.append(flat[where])
        self._frames.append((self._samples + where) * FRAMES_PER_SECOND // self._sample_rate)
        self._samples += rows.shape[1]

    def share_per_frame(self) -> npt.NDArray[np.float32]:
        """Return the share of clipped samples in each frame of 20 ms, 0 to 1."""
        frames = -(-self._samples * FRAMES_PER_SECOND // self._sample_rate)
        if not self._levels:
            return np.zeros(frames, np.float32)
        levels = np.concatenate(self._levels)
        at = np.concatenate(self._frames)[levels >= _NEAR_PEAK * min(self._peak, self._full_scale)]
        counts = np.bincount(at, minlength=frames)[:frames]
        share: npt.NDArray[np.float32] = (counts * FRAMES_PER_SECOND / self._sample_rate).astype(np.float32)
        return np.minimum(share, 1)


def _in_runs(row: npt.NDArray[np.float32], shortest: int) -> npt.NDArray[np.bool_]:
    """Mark the samples in runs of at least ``shortest`` equal samples."""
    changes = np.flatnonzero(np.abs(np.diff(row)) > _EQUAL) + 1
    lengths = np.diff(np.concatenate([[0], changes, [len(row)]]))
    return np.repeat(lengths >= shortest, lengths)
