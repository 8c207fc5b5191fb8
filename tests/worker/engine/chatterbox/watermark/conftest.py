"""Speech at the engine's rate, our watermark, and Perth's own code to judge it by."""

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soxr
import torch

from voices.clips.clip import Clip
from worker.engine.chatterbox.watermark import Watermark


@pytest.fixture(scope="session")
def talk(speech: Clip) -> np.ndarray:
    """About 10 s of speech at 24 kHz."""
    return soxr.resample(speech.samples, speech.sample_rate, 24_000).astype(np.float32)


@pytest.fixture(scope="session")
def watermark() -> Watermark:
    return Watermark()


@pytest.fixture(scope="session")
def perth_itself() -> Any:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import perth

        return perth.PerthImplicitWatermarker()


@pytest.fixture(scope="session")
def marked_by_perth(perth_itself: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Samples as stock marks them: up to 239 fewer come out."""

    @torch.inference_mode()
    def mark(samples: np.ndarray) -> np.ndarray:
        return np.asarray(perth_itself.apply_watermark(samples, sample_rate=24_000), np.float32)

    return mark


@pytest.fixture(scope="session")
def confidence(perth_itself: Any) -> Callable[[np.ndarray], float]:
    """How sure Perth's detector is, from 0 to 1, that samples of 24 kHz are marked."""

    @torch.inference_mode()
    def detect(samples: np.ndarray) -> float:
        return float(perth_itself.get_watermark(samples, sample_rate=24_000, round=False))

    return detect
