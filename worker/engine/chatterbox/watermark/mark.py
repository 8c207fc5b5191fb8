"""Perth's watermark, loaded once: for any number of streams, and for complete samples."""

import numpy as np
import torch

from voices.clips.clip import Samples
from worker.engine.chatterbox.watermark.gains import CONTEXT, GainNetwork
from worker.engine.chatterbox.watermark.stream import WatermarkStream


class Watermark:
    """Perth's weights (10 MB) on a torch device, constant and shared by all streams.

    Raises ``EngineFailure`` if Perth's weights are missing, damaged or of another version.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._network = GainNetwork(torch.device(device))

    def stream(self, *, first_lookahead: int = 0) -> WatermarkStream:
        """Open a stream whose first frame waits for ``first_lookahead`` (0 to 15) frames of 10 ms.

        The default has no delay: the detector finds early marks as reliably as exact ones.
        """
        return WatermarkStream(self._network, first_lookahead=first_lookahead)

    def apply(self, samples: Samples) -> Samples:
        """Mark complete samples (n,) at 24 kHz exactly as Perth does; return (n,)."""
        stream = self.stream(first_lookahead=CONTEXT)
        return np.concatenate([stream.process(samples), stream.flush()])
