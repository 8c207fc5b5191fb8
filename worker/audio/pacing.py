"""The amount of speech in one audio event: small at first, larger later."""

from collections.abc import Iterator

import numpy as np

from voices.clips.clip import Samples

FIRST_EVENT_SECONDS = 0.1
LAST_EVENT_SECONDS = 1.0
_GROWTH = 1.5
MAX_EVENT_SECONDS = 5.0
"""At 48 kHz, 480 kB of 16-bit samples or 640 kB in base64: well under RunPod's limit of 1 MB per chunk."""


class EventPacer:
    """Gathers samples into larger events: the SDK posts each event and waits for the response."""

    def __init__(self, sample_rate: int, unit: int = 1) -> None:
        """Every part but the last is a multiple of ``unit`` samples."""
        self._sample_rate = sample_rate
        self._unit = unit
        self._wanted_seconds = FIRST_EVENT_SECONDS
        self._gathered: list[Samples] = []
        self._length = 0

    def gather(self, samples: Samples) -> Iterator[Samples]:
        """Add samples; yield the samples of each event that is full."""
        self._gathered.append(samples)
        self._length += len(samples)
        if self._length >= self._wanted_seconds * self._sample_rate:
            self._wanted_seconds = min(self._wanted_seconds * _GROWTH, LAST_EVENT_SECONDS)
            yield from self._take(self._length - self._length % self._unit)

    def rest(self) -> Iterator[Samples]:
        """Yield the remaining samples, in events of at most ``MAX_EVENT_SECONDS``."""
        yield from self._take(self._length)

    def _take(self, length: int) -> Iterator[Samples]:
        gathered = np.concatenate([np.zeros(0, np.float32), *self._gathered])
        self._gathered, self._length = [gathered[length:]], self._length - length
        share = int(MAX_EVENT_SECONDS * self._sample_rate)
        share -= share % self._unit
        for start in range(0, length, share):
            yield gathered[start : min(start + share, length)]
