"""How much speech goes into one audio event: little at first, more later."""

from collections.abc import Iterator

import numpy as np

from voices.clips.clip import Samples

FIRST_EVENT_SECONDS = 0.1
LAST_EVENT_SECONDS = 1.0
_GROWTH = 1.5
MAX_EVENT_SECONDS = 5.0
"""At 48 kHz this is 480 kB of 16-bit samples, 640 kB as base64: well under RunPod's 1 MB a chunk."""


class EventPacer:
    """Gathers samples until an event is worth its cost: the SDK posts each one and waits for the answer."""

    def __init__(self, sample_rate: int, unit: int = 1) -> None:
        """Every share but the last is a multiple of ``unit`` samples."""
        self._sample_rate = sample_rate
        self._unit = unit
        self._wanted_seconds = FIRST_EVENT_SECONDS
        self._gathered: list[Samples] = []
        self._length = 0

    def gather(self, samples: Samples) -> Iterator[Samples]:
        """Add samples; yield them as events' shares once there are enough."""
        self._gathered.append(samples)
        self._length += len(samples)
        if self._length >= self._wanted_seconds * self._sample_rate:
            self._wanted_seconds = min(self._wanted_seconds * _GROWTH, LAST_EVENT_SECONDS)
            yield from self._take(self._length - self._length % self._unit)

    def settle(self) -> Iterator[Samples]:
        """Yield what is gathered, in whole units; the next event is as short as the first."""
        self._wanted_seconds = FIRST_EVENT_SECONDS
        yield from self._take(self._length - self._length % self._unit)

    def rest(self) -> Iterator[Samples]:
        """Yield what is gathered, in shares of at most ``MAX_EVENT_SECONDS``."""
        yield from self._take(self._length)

    def _take(self, length: int) -> Iterator[Samples]:
        gathered = np.concatenate([np.zeros(0, np.float32), *self._gathered])
        self._gathered, self._length = [gathered[length:]], self._length - length
        share = int(MAX_EVENT_SECONDS * self._sample_rate)
        share -= share % self._unit
        for start in range(0, length, share):
            yield gathered[start : min(start + share, length)]
