"""The watermark's threads: the same mark, many requests at once, the cores left to the model."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from worker.engine.chatterbox.watermark import Watermark, WatermarkThreads


@pytest.fixture(scope="module")
def watermark():
    return Watermark()


@pytest.fixture
def threads(watermark):
    threads = WatermarkThreads(watermark)
    yield threads
    threads.close()


def _noise(seed):
    return (0.1 * np.random.default_rng(seed).standard_normal(12_000)).astype(np.float32)


def _marked(stage, samples):
    return np.concatenate([stage.process(samples[:5000]), stage.process(samples[5000:]), stage.flush()])


def test_requests_at_once_are_each_marked_as_if_alone(watermark, threads):
    requests = [_noise(seed) for seed in range(12)]
    with ThreadPoolExecutor(12) as others:
        marked = list(others.map(lambda samples: _marked(threads.stage(), samples), requests))
    for samples, ours in zip(requests, marked, strict=True):
        np.testing.assert_allclose(ours, _marked(watermark.stream(), samples), atol=1e-6)
