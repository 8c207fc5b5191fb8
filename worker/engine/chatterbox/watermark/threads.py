"""Threads for the watermark: the model's thread is busy, and there are many requests' threads."""

import os
from concurrent.futures import ThreadPoolExecutor

from typing_extensions import override

from voices.clips.clip import Samples
from worker.audio.stages import Stage
from worker.engine.chatterbox.watermark.mark import Watermark
from worker.engine.chatterbox.watermark.stream import WatermarkStream
from worker.engine.cores import leave_the_cores_to_the_model

_CORES_A_THREAD = 4
"""One core marks about 200 s of audio per second: a quarter of the cores keeps up with any GPU."""


class WatermarkThreads:
    """Marks the blocks of all requests on a few threads of one core each."""

    def __init__(self, watermark: Watermark) -> None:
        self._watermark = watermark
        count = max((os.cpu_count() or 1) // _CORES_A_THREAD, 1)
        self._executor = ThreadPoolExecutor(count, "watermark", leave_the_cores_to_the_model)

    def stage(self) -> Stage:
        """Return a stage for one request's samples; its caller blocks while a thread marks them."""
        return _MarkedElsewhere(self._watermark.stream(), self._executor)

    def close(self) -> None:
        """Finish the queued blocks, and end the threads."""
        self._executor.shutdown()


class _MarkedElsewhere(Stage):
    def __init__(self, stream: WatermarkStream, executor: ThreadPoolExecutor) -> None:
        self._stream = stream
        self._executor = executor

    @override
    def process(self, samples: Samples) -> Samples:
        return self._executor.submit(self._stream.process, samples).result()

    @override
    def flush(self) -> Samples:
        return self._executor.submit(self._stream.flush).result()
