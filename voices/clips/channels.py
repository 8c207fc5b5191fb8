"""Channels: many become one, without losing the voice on the way."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]

_WEAKER_MIX = 10 ** (-5 / 10)
"""A mix so much (in power) below its louder channel has lost more than two unlike channels would (3 dB)."""

_STEREO = 2
_SURROUND = (6, 8)
_USUAL_ORDER = ("FL", "FR", "FC", "LFE")


def fold(planes: Rows, names: Sequence[str]) -> Rows:
    """Fold planes (channels, n) to one or two rows, so that what is kept does not grow with the channels.

    Of surround sound the first row is the centre, where speech is by convention, and the second
    is the mean of all others but the bass.
    """
    if len(planes) <= _STEREO:
        return planes
    if "FL" not in names and len(planes) in _SURROUND:  # a file need not say which channel is which
        names = [*_USUAL_ORDER, *names[len(_USUAL_ORDER) :]]
    others = [index for index, name in enumerate(names) if name not in {"FC", "LFE"}]
    rest = planes[others or [0]].mean(axis=0, dtype=np.float32)
    return np.stack([planes[names.index("FC")], rest]) if "FC" in names else rest[np.newaxis]


def mix(rows: Rows) -> Rows:
    """Mix one or two rows to mono (n,): their mean, or the louder alone where the mean would lose it.

    That is so when they cancel each other (one has its phase inverted), and when one is empty.
    """
    if len(rows) == 1:
        mono: Rows = rows[0]
        return mono
    mean: Rows = rows.mean(axis=0, dtype=np.float32)
    powers = [float(np.mean(np.square(row), dtype=np.float64)) for row in rows]
    if np.mean(np.square(mean), dtype=np.float64) < max(powers) * _WEAKER_MIX:
        mean = rows[int(np.argmax(powers))]
    return mean
