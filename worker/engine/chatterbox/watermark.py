"""Perth's inaudible watermark, as stock applies it: to all samples at once."""

import contextlib
import io
from typing import Any

import numpy as np
import torch

from voices.clip import Samples
from worker.engine.chatterbox.upstream import perth
from worker.errors import EngineFailure


class Watermark:
    """Perth's watermarker, loaded on construction (0.2 s); its weights are inside its wheel.

    Raises ``EngineFailure`` when Perth is installed but could not import what it needs.
    """

    def __init__(self) -> None:
        if perth.PerthImplicitWatermarker is None:
            raise EngineFailure(
                "The watermark is on, but Perth cannot be loaded because pkg_resources is missing: "
                'install it with `pip install "setuptools<81"`, or switch the watermark off.'
            )
        # It announces itself on stdout; that is where the engine is loaded, not where it speaks.
        with contextlib.redirect_stdout(io.StringIO()):
            self._perth: Any = perth.PerthImplicitWatermarker()

    # Upstream keeps the graph, which grows the process by up to 1 GB a call.
    @torch.no_grad()
    def apply(self, samples: Samples, sample_rate: int) -> Samples:
        """Return the marked samples; Perth's frames make them up to some hundredths of a second shorter."""
        marked = self._perth.apply_watermark(samples, sample_rate=sample_rate)
        return np.asarray(marked, dtype=np.float32)
