"""Perth's network: from the levels of a frame and its neighbours to the gain of each bin."""

import torch
from torch.nn import functional

from worker.engine.chatterbox.watermark.weights import read_layers

BINS = 128
"""Frequencies from 0 Hz, 15.625 Hz apart: those below 2 kHz."""

CONTEXT = 15
"""Frames to each side that a frame's gains depend on: five convolutions with three frames each."""

_WIDTH = 7
_REACH = _WIDTH // 2
_HIDDEN = 256
# Up to this many columns a matrix product is faster, at four columns four times: on the CPU each call of a
# convolution first reorders its weights.
_FEW = 46
_SHAPES = [(_HIDDEN, BINS, 1), *[(_HIDDEN, _HIDDEN, _WIDTH)] * 5, (BINS, _HIDDEN, 1)]

# Perth's scale of levels: -180 dB is 0, and 15 dB is 1.
_FLOOR = 1e-9
_FLOOR_DB = -180.0
_RANGE_DB = 195.0
# Perth's frames are as long but at 32 kHz, where a tone's magnitude is larger by this factor.
_AT_32_KHZ = 32 / 24

Columns = tuple[torch.Tensor, ...]
"""For each convolution over frames, the last columns of its input (256, up to 6)."""


class GainNetwork:
    """Perth's five convolutions over frames, each of which can resume after the frames so far.

    Raises ``EngineFailure`` if Perth's weights are missing, damaged or of another version.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        (first_weight, first_bias), *self._convolutions, (last_weight, last_bias) = read_layers(
            _SHAPES, device
        )
        self._first = first_weight[:, :, 0], first_bias[:, None]
        self._last = last_weight[:, :, 0], last_bias[:, None]

    def begin(self) -> Columns:
        """Return the columns before the first frame: zeros for each convolution."""
        return (torch.zeros(_HIDDEN, _REACH, device=self.device),) * len(self._convolutions)

    def advance(self, kept: Columns, spectra: torch.Tensor) -> tuple[torch.Tensor, Columns]:
        """Take further frames' spectra (128, n), complex; return the newly final gains.

        The gains (128, m) are factors, for the frames up to ``CONTEXT`` before the last. ``kept`` is not
        changed; the next call takes the returned columns.
        """
        weight, bias = self._first
        hidden = functional.leaky_relu(weight @ _levels(spectra) + bias)
        return self._through(kept, hidden, after=0)

    def finish(self, kept: Columns) -> torch.Tensor:
        """Return the gains (128, up to 15) of the last frames, with nothing after them."""
        return self._through(kept, kept[0][:, :0], after=_REACH)[0]

    def _through(self, kept: Columns, hidden: torch.Tensor, after: int) -> tuple[torch.Tensor, Columns]:
        grown = []
        for (weight, bias), before in zip(self._convolutions, kept, strict=True):
            columns = functional.pad(torch.cat([before, hidden], dim=1), (0, after))
            # A copy: a view would keep all columns in memory.
            grown.append(columns[:, -2 * _REACH :].clone())
            if columns.shape[1] < _WIDTH:
                hidden = columns[:, :0]
            else:
                hidden = functional.leaky_relu(_convolve(columns, weight, bias))
        weight, bias = self._last
        decibels = _RANGE_DB * (weight @ hidden + bias)
        return 10 ** (decibels / 20), tuple(grown)


def _convolve(columns: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Convolve columns (256, n + 6) to (256, n)."""
    if columns.shape[1] > _FEW:
        return functional.conv1d(columns, weight, bias)
    windows = columns.unfold(1, _WIDTH, 1).transpose(0, 1).flatten(1)
    return functional.linear(windows, weight.flatten(1), bias).T


def _levels(spectra: torch.Tensor) -> torch.Tensor:
    magnitudes = (spectra.abs() * _AT_32_KHZ).clamp(min=_FLOOR)
    return (20 * torch.log10(magnitudes) - _FLOOR_DB) / _RANGE_DB
