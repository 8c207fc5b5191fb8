"""Downmixing to mono without cancelling the voice."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]

_WEAKER_MIX = 10 ** (-5 / 10)
"""Power of a mix relative to its louder channel: below -5 dB the channels cancel each other. Two unrelated
channels lose only 3 dB."""

_STEREO = 2
_SURROUND = (6, 8)
_USUAL_ORDER = ("FL", "FR", "FC", "LFE")


def fold(planes: Rows, names: Sequence[str]) -> Rows:
    """Fold planes (channels, n) to one or two rows, which bounds the memory of many channels.

    For surround sound the first row is the centre, which carries speech by convention, and the second is
    the mean of all other channels except the bass.
    """
    if len(planes) <= _STEREO:
        return planes
    if "FL" not in names and len(planes) in _SURROUND:  # a file may leave its channels unnamed
        names = [*_USUAL_ORDER, *names[len(_USUAL_ORDER) :]]
    others = [index for index, name in enumerate(names) if name not in {"FC", "LFE"}]
    rest = planes[others or [0]].mean(axis=0, dtype=np.float32)
    return np.stack([planes[names.index("FC")], rest]) if "FC" in names else rest[np.newaxis]


def mix(rows: Rows) -> Rows:
    """Mix one or two rows to mono (n,): their mean, or only the louder row if the mean would lose it.

    The mean loses the voice if one row is phase-inverted or empty.
    """
    if len(rows) == 1:
        mono: Rows = rows[0]
        return mono
    mean: Rows = rows.mean(axis=0, dtype=np.float32)
    powers = [float(np.mean(np.square(row), dtype=np.float64)) for row in rows]
    if np.mean(np.square(mean), dtype=np.float64) < max(powers) * _WEAKER_MIX:
        mean = rows[int(np.argmax(powers))]
    return mean
