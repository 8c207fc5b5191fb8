"""Perth's watermark, loaded once: for any number of streams, and for samples that are all there."""

import numpy as np
import torch

from voices.clips.clip import Samples
from worker.engine.chatterbox.watermark.gains import CONTEXT, GainNetwork
from worker.engine.chatterbox.watermark.stream import WatermarkStream


class Watermark:
    """What all streams share: Perth's weights (10 MB), which nothing changes, on a torch device.

    Raises ``EngineFailure`` when Perth's weights are missing, damaged or of another version.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._network = GainNetwork(torch.device(device))

    def stream(self, *, first_lookahead: int = 0) -> WatermarkStream:
        """Begin a stream, whose first frame waits for ``first_lookahead`` (0 to 15) frames of 10 ms.

        Soonest is the default: a mark that is early is found as surely as an exact one.
        """
        return WatermarkStream(self._network, first_lookahead=first_lookahead)

    def apply(self, samples: Samples) -> Samples:
        """Mark samples (n,) of 24 kHz at once, as Perth would; return as many."""
        stream = self.stream(first_lookahead=CONTEXT)
        return np.concatenate([stream.process(samples), stream.flush()])
