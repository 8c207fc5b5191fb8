"""A stream's samples to the spectra of overlapping frames, and back by overlap-add."""

import numpy as np
import torch
from torch.nn import functional

from voices.clips.clip import Samples
from worker.engine.chatterbox.watermark.gains import BINS

FRAME = 1536
"""Samples per frame: 64 ms at 24 kHz, like Perth's 2,048 at 32 kHz, and with the same frequencies."""

HOP = 240
"""Samples from one frame's middle to the next: 10 ms."""

REACH = FRAME // 2
"""Samples of a frame to each side of its middle."""


class FrameReader:
    """Turns one stream's samples into its frames' spectra below 2 kHz.

    Every 240th sample is a frame's middle, starting with the first sample. Like Perth, it mirrors the
    samples at both ends for frames that extend beyond them.
    """

    def __init__(self, device: torch.device) -> None:
        self._window = torch.hann_window(FRAME, device=device)
        self._length = 0
        self._frames = 0
        self._begun = False
        self._unread: Samples = np.zeros(0, np.float32)
        """Samples from the beginning of the next frame on; until ``_begun``, from the first sample on."""

    def read(self, samples: Samples) -> torch.Tensor:
        """Return the spectra (128, n), complex, of the newly complete frames."""
        self._length += len(samples)
        self._unread = np.concatenate([self._unread, samples])
        if not self._begun and self._length > REACH:
            self._begin()
        return self._spectra()

    def finish(self) -> torch.Tensor:
        """Return the spectra of the last frames."""
        if self._length == 0:
            return self._spectra()
        if not self._begun:
            self._begin()
        beyond = self._length // HOP * HOP + REACH - self._length
        self._unread = np.pad(self._unread, (0, beyond), mode="reflect")
        return self._spectra()

    def _begin(self) -> None:
        self._unread = np.pad(self._unread, (REACH, 0), mode="reflect")
        self._begun = True

    def _spectra(self) -> torch.Tensor:
        count = (len(self._unread) - FRAME) // HOP + 1
        if not self._begun or count <= 0:
            return torch.zeros(BINS, 0, dtype=torch.complex64, device=self._window.device)
        frames = torch.from_numpy(self._unread[: (count - 1) * HOP + FRAME]).to(self._window.device)
        # A copy: a view would keep the samples before it in memory.
        self._unread = self._unread[count * HOP :].copy()
        spectra: torch.Tensor = torch.fft.rfft(frames.unfold(0, FRAME, HOP) * self._window)
        return spectra[:, :BINS].T


class FrameAdder:
    """Turns the spectra of successive frames below 2 kHz back into one stream's samples."""

    def __init__(self, device: torch.device) -> None:
        self._window = torch.hann_window(FRAME, device=device)
        self._overlap = torch.zeros(2, FRAME - HOP, device=device)
        """The signal and power of the last frames where further frames overlap them."""
        self._before = REACH
        """Remaining samples of the frames that lie before the stream's first sample."""

    def add(self, spectra: torch.Tensor) -> Samples:
        """Return the samples that no frame after these (128, n) overlaps."""
        count = spectra.shape[1]
        if count == 0:
            return np.zeros(0, np.float32)
        signals = torch.fft.irfft(spectra.T, n=FRAME) * self._window
        powers = (self._window**2).expand_as(signals)
        length = (count - 1) * HOP + FRAME
        frames = torch.stack([signals, powers]).transpose(1, 2)
        sums = functional.fold(frames, (1, length), (1, FRAME), stride=(1, HOP))[:, 0, 0]
        sums[:, : FRAME - HOP] += self._overlap
        self._overlap = sums[:, count * HOP :].clone()
        return self._samples(sums[:, : count * HOP])

    def finish(self) -> Samples:
        """Return the remaining samples; the last ones may lie beyond the stream's end."""
        return self._samples(self._overlap)

    def _samples(self, sums: torch.Tensor) -> Samples:
        """Undo the windows. Nothing is divided by zero: a sum of frames is zero at its very ends only."""
        dropped = min(self._before, sums.shape[1])
        self._before -= dropped
        signal, power = sums[:, dropped:]
        samples: Samples = (signal / power).cpu().numpy()
        return samples
