"""The vocoder's source: nine harmonics of the pitch and noise, from any position of a signal.

Upstream sums the pitch from the beginning of each call. The pitch is constant within a frame, so a sample's
phase follows from the phase at the beginning of its frame, and one number carries it from call to call. It
is a float64: upstream's float32 loses 0.001 of a cycle within seconds.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from worker.engine.chatterbox.s3gen.affine import Affine
from worker.engine.weights import Weights

SAMPLE_RATE = 24_000
SAMPLES_PER_FRAME = 480
HARMONICS = 9
F0_CONTEXT = 5
"""Frames to each side that the pitch of a frame depends on: five convolutions of width 3."""

_AMPLITUDE, _NOISE = 0.1, 0.003
_VOICED_ABOVE = 10.0  # Hz


class SourceStretch(NamedTuple):
    """The source of some frames."""

    samples: Tensor
    """(batch, frames * 480)."""
    phases: Tensor
    """(batch, frames + 1) float64: cycles of the pitch at the beginning of each frame, and at the end."""


class F0Predictor:
    """Upstream's ``ConvRNNF0Predictor``; always float32, since errors of the phase accumulate."""

    def __init__(self, predictor: Weights) -> None:
        # Each is followed by an activation without weights.
        layers = [predictor.under(f"condnet.{2 * index}") for index in range(F0_CONTEXT)]
        self._layers = [Affine.of(layer, torch.float32) for layer in layers]
        self._classify = Affine.of(predictor.under("classifier"), torch.float32)

    def __call__(self, mel: Tensor) -> Tensor:
        """Return Hz (batch, frames) from (batch, frames, 80), with zeros around them."""
        x = mel
        for layer in self._layers:
            x = torch.nn.functional.elu(layer(_between_neighbours(x)))
        return self._classify(x).squeeze(-1).abs()


class SineSource:
    """Upstream's ``SourceModuleHnNSF``."""

    def __init__(self, module: Weights) -> None:
        self._merge = module.own("l_linear.weight"), module.own("l_linear.bias")

    def __call__(self, f0: Tensor, phase: Tensor, offsets: Tensor, noise: Tensor) -> SourceStretch:
        """Make the source of frames with pitch ``f0`` (batch, frames).

        ``phase`` (batch,) float64: cycles before the first frame. ``offsets`` (batch, 9): phase shift of each
        harmonic in radians. ``noise`` (batch, frames * 480, 9): standard normal.
        """
        advance = (f0.double() / SAMPLE_RATE)[..., None]
        ends = phase[:, None] + (advance[..., 0] * SAMPLES_PER_FRAME).cumsum(dim=-1)
        phases = torch.cat([phase[:, None], ends], dim=-1)
        steps = torch.arange(1, SAMPLES_PER_FRAME + 1, device=f0.device)
        cycles = ((phases[:, :-1, None] + advance * steps) % 1).flatten(1).float()
        harmonics = torch.arange(1, HARMONICS + 1, device=f0.device)
        sines = torch.sin(2 * math.pi * ((cycles[..., None] * harmonics) % 1) + offsets[:, None])
        voiced = (f0 > _VOICED_ABOVE).float().repeat_interleave(SAMPLES_PER_FRAME, dim=-1)[..., None]
        loudness = voiced * _NOISE + (1 - voiced) * _AMPLITUDE / 3
        waves = _AMPLITUDE * sines * voiced + loudness * noise
        merged = torch.nn.functional.linear(waves, *self._merge)
        return SourceStretch(torch.tanh(merged).squeeze(-1), phases % 1)


def _between_neighbours(x: Tensor) -> Tensor:
    """Lay each frame between its neighbours: (batch, frames, channels) to (batch, frames, 3 * channels)."""
    padded = torch.nn.functional.pad(x, (0, 0, 1, 1))
    return torch.cat([padded[:, :-2], x, padded[:, 2:]], dim=-1)
