"""The watermark as a stage: as many samples out as in, marked, without seams."""

import numpy as np
import torch

from voices.clips.clip import Samples
from worker.engine.chatterbox.watermark.frames import FrameAdder, FrameReader
from worker.engine.chatterbox.watermark.gains import GainNetwork
from worker.engine.chatterbox.watermark.marker import FrameMarker


class WatermarkStream:
    """Marks one stream of mono samples at 24 kHz, block by block; a ``Stage``.

    Marking exactly as Perth marks the whole requires holding back 204 to 214 ms of samples. At the beginning
    less is held back (see ``FrameMarker``), for a shorter time to first audio. With a ``first_lookahead`` of
    15 all marks are exact, and independent of the blocks.

    Marked samples are clipped to [-1, 1]. Digital silence stays silent.
    """

    def __init__(self, network: GainNetwork, *, first_lookahead: int) -> None:
        self._reader = FrameReader(network.device)
        self._marker = FrameMarker(network, first_lookahead)
        self._adder = FrameAdder(network.device)
        self._unmarked: Samples = np.zeros(0, np.float32)
        """Samples that are held back."""

    @torch.inference_mode()
    def process(self, samples: Samples) -> Samples:
        """Return the marked samples that are final by now."""
        self._unmarked = np.concatenate([self._unmarked, samples])
        return self._emit(self._adder.add(self._marker.mark(self._reader.read(samples))))

    @torch.inference_mode()
    def flush(self) -> Samples:
        """Return the remaining samples; the stream ends."""
        marks = [self._marker.mark(self._reader.finish()), self._marker.finish()]
        rest = [self._emit(self._adder.add(each)) for each in marks]
        rest.append(self._emit(self._adder.finish()[: len(self._unmarked)]))
        return np.concatenate(rest)

    def _emit(self, differences: Samples) -> Samples:
        count = len(differences)
        marked = self._unmarked[:count] + differences
        # A copy: a view would keep the emitted samples in memory.
        self._unmarked = self._unmarked[count:].copy()
        return np.clip(marked, -1.0, 1.0)
