"""G.711: telephony's logarithmic 8 bits per sample, in whole frames of 20 ms, as in RTP.

After ITU-T G.711: both laws store a sign, three bits of segment and four bits of position within it. The
levels are those of its 14-bit (mu-law) and 13-bit (A-law) tables, in two's complement.
"""

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from voices.clips.clip import Samples
from worker.audio.encoders.base import AudioEncoder
from worker.audio.encoders.pcm import to_int16

FRAMES_PER_SECOND = 50
"""Frames of 20 ms; at 8 kHz a frame has 160 samples and as many bytes."""

Law = Literal["ulaw", "alaw"]
Bytes = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int64]

_MULAW_BIAS = 33
_MULAW_CLIP = 8_158
"""The highest level that stays within 13 bits after adding the bias."""
_MULAW_INVERTED = 0xFF
_ALAW_INVERTED = 0x55
"""Every other bit is inverted for transmission, so that silence is not all zeros."""
_SIGN = 0x80


class G711Encoder(AudioEncoder):
    """Each result is a whole number of frames; silence completes the last one."""

    def __init__(self, law: Law, sample_rate: int) -> None:
        self._table = g711_table(law)
        self._frame = sample_rate // FRAMES_PER_SECOND
        self._held = np.zeros(0, np.float32)

    @override
    def encode(self, samples: Samples) -> bytes:
        held = np.concatenate([self._held, samples])
        whole = len(held) - len(held) % self._frame
        self._held = held[whole:]
        return self._companded(held[:whole])

    @override
    def flush(self) -> bytes:
        missing = -len(self._held) % self._frame
        last, self._held = np.pad(self._held, (0, missing)), self._held[:0]
        return self._companded(last)

    def _companded(self, samples: Samples) -> bytes:
        return self._table[to_int16(samples).view(np.uint16)].tobytes()


@cache
def g711_table(law: Law) -> Bytes:
    """Return the code of each 16-bit sample, indexed by the sample's unsigned value."""
    levels = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int64)
    table = _mulaw(levels) if law == "ulaw" else _alaw(levels)
    table.setflags(write=False)
    return table


def _mulaw(levels: Levels) -> Bytes:
    levels = levels >> 2
    magnitude = np.minimum(np.abs(levels), _MULAW_CLIP) + _MULAW_BIAS
    # With the bias a segment begins at a power of two, so the highest bit gives the segment.
    segment = _highest_bit(magnitude) - 5
    position = (magnitude >> (segment + 1)) & 0xF
    sign = np.where(levels < 0, _SIGN, 0)
    return np.asarray((sign | segment << 4 | position) ^ _MULAW_INVERTED, np.uint8)


def _alaw(levels: Levels) -> Bytes:
    levels = levels >> 3
    # One's complement, so that both signs have the same number of levels.
    magnitude = np.where(levels < 0, ~levels, levels)
    # The two lowest segments have the same step.
    segment = np.maximum(_highest_bit(np.maximum(magnitude, 1)) - 4, 0)
    position = (magnitude >> np.maximum(segment, 1)) & 0xF
    sign = np.where(levels < 0, 0, _SIGN)
    return np.asarray((sign | segment << 4 | position) ^ _ALAW_INVERTED, np.uint8)


def _highest_bit(magnitude: Levels) -> Levels:
    """Return the position of each positive number's highest bit, counted from 0."""
    return np.frexp(magnitude.astype(np.float64))[1].astype(np.int64) - 1
