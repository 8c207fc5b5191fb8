"""Uncompressed samples: raw 16-bit PCM."""

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from voices.clips.clip import Samples
from worker.audio.encoders.base import AudioEncoder

_INT16_MAX = 32_767


class PcmEncoder(AudioEncoder):
    """Raw 16-bit little-endian samples."""

    @override
    def encode(self, samples: Samples) -> bytes:
        return to_int16(samples).tobytes()

    @override
    def flush(self) -> bytes:
        return b""


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Scale to 16 bits, clipping values beyond full scale."""
    scaled: npt.NDArray[np.int16] = np.round(np.clip(samples, -1.0, 1.0) * _INT16_MAX).astype("<i2")
    return scaled
