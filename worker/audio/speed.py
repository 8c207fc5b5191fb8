"""Speed without a change of pitch: ffmpeg's time stretcher, fed incrementally."""

from itertools import pairwise

import av
import av.filter
import numpy as np

from voices.clips.clip import Samples

SLOWEST, FASTEST = 0.25, 4.0
"""The limits of OpenAI's API."""
_MOST_AT_ONCE = 2.0
"""Above it one filter skips samples instead of blending them; below its inverse the filter fails."""
_TAIL_SECONDS = 0.2


class TimeStretch:
    """Makes speech ``speed`` times faster (0.25 to 4.0) at ``sample_rate`` Hz."""

    def __init__(self, speed: float, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")
        stretches = [self._graph.add("atempo", f"{factor:.9f}") for factor in _factors(speed)]
        sink = self._graph.add("abuffersink")
        for before, behind in pairwise([source, *stretches, sink]):
            before.link_to(behind)
        self._graph.configure()
        self._source, self._sink = source, sink
        self._speed = speed
        self._taken = self._given = 0

    def process(self, samples: Samples) -> Samples:
        """Return the stretched samples so far."""
        self._taken += len(samples)
        return self._stretch(samples)

    def flush(self) -> Samples:
        """Return the rest, to the exact length; the stretcher cannot be used afterwards."""
        missing = round(self._taken / self._speed) - self._given
        # Each filter loses its last window, so silence is fed to fill those windows.
        tail = self._stretch(np.zeros(int(_TAIL_SECONDS * self._sample_rate), np.float32))
        self._source.push(None)
        return np.concatenate([tail, self._pull()])[:missing]

    def _stretch(self, samples: Samples) -> Samples:
        if samples.size:
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
            frame.sample_rate = self._sample_rate
            self._source.push(frame)
        stretched = self._pull()
        self._given += len(stretched)
        return stretched

    def _pull(self) -> Samples:
        blocks: list[Samples] = [np.zeros(0, np.float32)]
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(blocks)
            assert isinstance(frame, av.AudioFrame)  # noqa: S101  # the graph has no other frame type
            blocks.append(frame.to_ndarray()[0])


def _factors(speed: float) -> list[float]:
    """Split a speed into the factors of a chain of filters."""
    is_too_much = not 1 / _MOST_AT_ONCE <= speed <= _MOST_AT_ONCE
    return [speed**0.5] * 2 if is_too_much else [speed]
