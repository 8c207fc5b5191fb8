"""A stateful resampler: block by block, without seams."""

import numpy as np
import soxr

from voices.clips.clip import Samples


class Resampler:
    """Converts mono float32 samples from one rate to another, both in Hz."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = soxr.ResampleStream(source_rate, target_rate, num_channels=1, dtype="float32")

    def process(self, samples: Samples) -> Samples:
        """Return the samples that are final by now."""
        return np.asarray(self._stream.resample_chunk(samples), np.float32)

    def flush(self) -> Samples:
        """Return the rest; the resampler cannot be used afterwards."""
        return np.asarray(self._stream.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)
