"""A stream's samples cut into frames and turned into spectra; spectra turned back and added up."""

import numpy as np
import torch
from torch.nn import functional

from voices.clips.clip import Samples
from worker.engine.chatterbox.watermark.gains import BINS

FRAME = 1536
"""Samples of a frame: 64 ms at 24 kHz, as Perth's 2,048 at 32 kHz. Its frequencies are the same."""

HOP = 240
"""Samples from one frame's middle to the next one's: 10 ms."""

REACH = FRAME // 2
"""Samples to each side of its middle that a frame covers."""


class FrameReader:
    """Turns one stream's samples into its frames' spectra below 2 kHz.

    Every 240th sample is a frame's middle, beginning with the first one. As Perth does, it mirrors
    the samples at both ends for those frames that reach beyond.
    """

    def __init__(self, device: torch.device) -> None:
        self._window = torch.hann_window(FRAME, device=device)
        self._length = 0
        self._frames = 0
        self._begun = False
        self._unread: Samples = np.zeros(0, np.float32)
        """From the beginning of the next frame; until begun, from the first sample."""

    def read(self, samples: Samples) -> torch.Tensor:
        """Return the spectra (128, n), complex, of the frames that are complete now."""
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
        # A copy: a view would keep what is read.
        self._unread = self._unread[count * HOP :].copy()
        spectra: torch.Tensor = torch.fft.rfft(frames.unfold(0, FRAME, HOP) * self._window)
        return spectra[:, :BINS].T


class FrameAdder:
    """Turns spectra below 2 kHz, of frames in order, back into one stream's samples."""

    def __init__(self, device: torch.device) -> None:
        self._window = torch.hann_window(FRAME, device=device)
        self._overlap = torch.zeros(2, FRAME - HOP, device=device)
        """The last frames' signal and power, as far as further frames add to it."""
        self._before = REACH
        """Samples still to come that are before the first one: only frames reach there."""

    def add(self, spectra: torch.Tensor) -> Samples:
        """Return the samples to which no frame after these (128, n) will add anything."""
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
        """Return the samples that only the frames so far cover; the last ones may be beyond the end."""
        return self._samples(self._overlap)

    def _samples(self, sums: torch.Tensor) -> Samples:
        """Undo the windows. Nothing is divided by zero: a sum of frames is zero at its very ends only."""
        dropped = min(self._before, sums.shape[1])
        self._before -= dropped
        signal, power = sums[:, dropped:]
        samples: Samples = (signal / power).cpu().numpy()
        return samples
