"""Clipping: where a recording hit the end of its scale.

It is measured while decoding, at the recording's own rate: resampling rounds every flat top off.
"""

import numpy as np
import numpy.typing as npt

from voices.clips.levels import FRAMES_PER_SECOND

_FULL_SCALE = 0.999
"""From here on an integer sample stands at the end of its scale, give or take the decoder's rounding."""
_FLAT_SECONDS = 0.0002
"""A top that stays flat for so long was cut: at full volume the peak of a 50 Hz hum does not."""
_MIN_FLAT_SAMPLES = 4
_EQUAL = 2e-6
"""Less than a step of 16 bits."""
_MIN_FLAT_LEVEL = 0.05
"""-26 dBFS: below it flat stretches are pauses and coarse quantisation."""
_NEAR_PEAK = 0.97
"""A recording that was clipped and then made quieter is flat at its own peak, and nowhere else."""


class FlatTops:
    """Counts clipped samples in frames of 20 ms, block by block.

    Over full scale, samples of an integer or a lossy format are clipped; those of floating-point
    PCM (``is_float``) are not, unless they are flat.
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
        """Count in the next block, (channels, n): a sample is clipped when any channel is."""
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
    """Mark the samples that stand in a run of at least ``shortest`` equal ones."""
    changes = np.flatnonzero(np.abs(np.diff(row)) > _EQUAL) + 1
    lengths = np.diff(np.concatenate([[0], changes, [len(row)]]))
    return np.repeat(lengths >= shortest, lengths)
