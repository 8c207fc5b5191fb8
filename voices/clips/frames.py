"""Decoded frames, resampled and mixed block by block to one mono clip."""

from typing import Any

import av
import numpy as np
import soxr

from voices.clips.channels import fold, mix
from voices.clips.clip import Clip, Samples, Source
from voices.clips.clipping import FlatTops

_LOUDEST = np.float32(16)
"""+24 dBFS: floating-point recordings may exceed full scale, but larger values are errors."""

Form = tuple[str, str, int, int]
"""Codec, sample format, sample rate in Hz, channel count."""


class Stretch:
    """Consecutive frames of one form; keeps at most two channels, at the output rate."""

    def __init__(self, form: Form, sample_rate: int) -> None:
        self.form = form
        self.seconds = 0.0
        self.peak = 0.0
        codec, _, self._rate, _ = form
        self._sample_rate = sample_rate
        self._to_planar = av.AudioResampler(format="fltp")
        self._flat_tops = FlatTops(self._rate, is_float=codec.startswith("pcm_f"))
        self._resampler: Any = None
        self._rows = 0
        self._blocks: list[Samples] = []

    def add(self, frame: Any) -> None:
        """Append a decoded frame of this form."""
        for planar in self._to_planar.resample(frame):
            planes: Samples = np.clip(
                np.nan_to_num(planar.to_ndarray().astype(np.float32)), -_LOUDEST, _LOUDEST
            )
            rows = fold(planes, [channel.name for channel in frame.layout.channels])
            if self._resampler is None:
                self._rows = len(rows)
                self._resampler = soxr.ResampleStream(
                    self._rate, self._sample_rate, self._rows, dtype="float32"
                )
            self.seconds += rows.shape[1] / self._rate
            self.peak = max(self.peak, float(np.abs(rows).max(initial=0)))
            self._flat_tops.add(rows)
            self._blocks.append(self._resampler.resample_chunk(np.ascontiguousarray(rows.T)))

    def finish(self) -> tuple[Samples, Samples]:
        """Return the mono samples, and the share of clipped samples in each frame of 20 ms."""
        if self._resampler is not None:
            tail = np.zeros((0, self._rows), np.float32)
            self._blocks.append(self._resampler.resample_chunk(tail, last=True))
        blocks = self._blocks or [np.zeros((0, 1), np.float32)]
        return mix(np.concatenate(blocks).T), self._flat_tops.share_per_frame()


class Assembly:
    """Joins frames of any form to one clip: the form may change within a concatenated file."""

    def __init__(self, sample_rate: int, name: str) -> None:
        self._sample_rate = sample_rate
        self._name = name
        self._stretches: list[Stretch] = []
        self.seconds = 0.0
        """Duration so far."""

    def add(self, frame: Any, codec: str) -> None:
        """Append a decoded frame."""
        form = (codec, frame.format.name, frame.sample_rate, len(frame.layout.channels))
        if not self._stretches or self._stretches[-1].form != form:
            self._stretches.append(Stretch(form, self._sample_rate))
        self._stretches[-1].add(frame)
        self.seconds += frame.samples / frame.sample_rate

    def finish(self, lost_seconds: float) -> Clip:
        """Return the clip, attenuated if it exceeds full scale; there must be at least one frame."""
        parts = [each.finish() for each in self._stretches]
        samples = np.concatenate([part for part, _ in parts])
        codec, _, rate, channels = max(self._stretches, key=lambda each: each.seconds).form
        peak = max(each.peak for each in self._stretches)
        clipped = np.concatenate([share for _, share in parts])
        source = Source(self._name, codec, rate, channels, peak, clipped, lost_seconds)
        loudest = np.float32(max(np.abs(samples).max(initial=0), 1))
        return Clip(samples / loudest, self._sample_rate, source)
