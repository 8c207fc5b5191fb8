"""HiFT's network: mel and source to the samples of a window's middle.

Upstream's ``HiFTGenerator.decode`` over the same weights. Its convolutions have a bounded context to each
side, most of it at the lowest rate. So the window's context is dropped as the rate grows, and the expensive
stages compute little more than the samples of the middle.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from worker.engine.chatterbox.s3gen.source import SAMPLES_PER_FRAME
from worker.engine.weights import Weights

MEL_CONTEXT = 15
"""Frames of mel and source to each side that a sample depends on."""

_CONTEXT_AFTER = (4, 2)
"""Frames to each side that a sample depends on after the first and the second stage."""

_RATES = (8, 5, 3)
"""The upsampling factor of each stage."""

_COLUMNS_PER_FRAME = (8, 40, 120)
_FFT, _HOP = 16, 4
_DILATIONS = (1, 3, 5)
_LOUDEST = 1e2  # upper bound of a magnitude, as in upstream
_LIMIT = 0.99  # upper bound of a sample's absolute value
_SLOPE = 0.1
_NO_ZERO = 1e-9


class Hift:
    """Upstream's vocoder; convolutions in ``dtype``, activations and the inverse STFT in float32."""

    def __init__(self, vocoder: Weights, dtype: torch.dtype) -> None:
        self._begin = _Convolution(vocoder.under("conv_pre"), dtype)
        self._stages = [_Stage(vocoder, index, dtype) for index in range(len(_RATES))]
        self._end = _Convolution(vocoder.under("conv_post"), dtype)
        self._window = torch.hann_window(_FFT, device=self._end.device)

    def __call__(self, mel: Tensor, source: Tensor, left: int, right: int) -> Tensor:
        """Return the samples (batch, (frames - left - right) * 480) of a window's middle.

        mel (batch, frames, 80), source (batch, frames * 480). If ``left`` or ``right`` is less than
        ``MEL_CONTEXT``, the window must end there with the signal.
        """
        spectrum = self._spectrum(source)
        x = self._begin(mel.transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last))
        frames, first = mel.shape[1], 0
        for index, stage in enumerate(self._stages):
            x = stage(x, spectrum)
            if index < len(_CONTEXT_AFTER):
                cut_left = max(left - _CONTEXT_AFTER[index], 0)
                cut_right = max(right - _CONTEXT_AFTER[index], 0)
                left, right = left - cut_left, right - cut_right
                rate = _COLUMNS_PER_FRAME[index]
                frames -= cut_left + cut_right
                x = x[..., cut_left * rate : (cut_left + frames) * rate]
                first = cut_left * _COLUMNS_PER_FRAME[-1]
                spectrum = spectrum[..., first : first + frames * _COLUMNS_PER_FRAME[-1] + 1]
        samples = self._samples(self._end(functional.leaky_relu(x)).squeeze(2).float())
        return samples[:, left * SAMPLES_PER_FRAME : (frames - right) * SAMPLES_PER_FRAME]

    def _spectrum(self, source: Tensor) -> Tensor:
        """Return the real and imaginary parts of the source's STFT: (batch, 18, 1, columns)."""
        spectrum = torch.stft(source, _FFT, _HOP, _FFT, window=self._window, return_complex=True)
        parts = torch.cat([spectrum.real, spectrum.imag], dim=1)
        return parts.unsqueeze(2).contiguous(memory_format=torch.channels_last)

    def _samples(self, x: Tensor) -> Tensor:
        """Turn log magnitudes and phases (batch, 18, columns) into samples."""
        bins = _FFT // 2 + 1
        magnitude = torch.exp(x[:, :bins]).clip(max=_LOUDEST)
        spectrum = torch.polar(magnitude, torch.sin(x[:, bins:]))
        samples = torch.istft(spectrum, _FFT, _HOP, _FFT, window=self._window)
        return samples.clamp(-_LIMIT, _LIMIT)


class _Convolution:
    """A convolution (or its transpose) over (batch, channels, 1, length), channels last in memory.

    oneDNN's kernels are faster in this order than in upstream's, above all in bfloat16.
    """

    def __init__(self, module: Weights, dtype: torch.dtype, *, dilation: int = 1) -> None:
        weight = module.kernel
        self._weight = weight.unsqueeze(2).to(dtype, copy=True).contiguous(memory_format=torch.channels_last)
        self._bias = module.own("bias", dtype)
        self._dilation = (1, dilation)
        self._stride, self._padding = (1, 1), (0, dilation * (weight.shape[2] - 1) // 2)
        self.device = weight.device

    def __call__(self, x: Tensor) -> Tensor:
        """Return float32, as long as x."""
        x = x.to(self._weight.dtype)
        return functional.conv2d(
            x, self._weight, self._bias, self._stride, self._padding, self._dilation
        ).float()


class _Down(_Convolution):
    """Downsamples: the kernel is two strides wide, or one tap at a stride of 1."""

    def __init__(self, module: Weights, dtype: torch.dtype, rate: int) -> None:
        super().__init__(module, dtype)
        self._stride, self._padding = (1, rate), (0, rate // 2)


class _Up(_Convolution):
    """Upsamples by a transposed convolution."""

    def __init__(self, module: Weights, dtype: torch.dtype, rate: int) -> None:
        super().__init__(module, dtype)
        self._stride, self._padding = (1, rate), (0, (self._weight.shape[3] - rate) // 2)

    @override
    def __call__(self, x: Tensor) -> Tensor:
        x = x.to(self._weight.dtype)
        return functional.conv_transpose2d(x, self._weight, self._bias, self._stride, self._padding).float()


class _Stage:
    """Upsample, add the source, and average three parallel residual blocks."""

    def __init__(self, vocoder: Weights, index: int, dtype: torch.dtype) -> None:
        self._last = index == len(_RATES) - 1
        self._up = _Up(vocoder.under(f"ups.{index}"), dtype, _RATES[index])
        rate = 1 if self._last else math.prod(_RATES[index + 1 :])
        self._down = _Down(vocoder.under(f"source_downs.{index}"), dtype, rate)
        self._source = _Residual(vocoder.under(f"source_resblocks.{index}"), dtype)
        blocks = vocoder.listed("resblocks")
        count = len(blocks) // len(_RATES)
        self._blocks = [_Residual(block, dtype) for block in blocks[index * count : (index + 1) * count]]

    def __call__(self, x: Tensor, spectrum: Tensor) -> Tensor:
        x = self._up(functional.leaky_relu(x, _SLOPE))
        if self._last:
            x = torch.cat([x[..., 1:2], x], dim=-1)
        x = x + self._source(self._down(spectrum))
        total = self._blocks[0](x)
        for block in self._blocks[1:]:
            total = total + block(x)
        return total / len(self._blocks)


class _Residual:
    """Pairs of convolutions, each after a snake activation: x + sin(a x)^2 / a."""

    def __init__(self, block: Weights, dtype: torch.dtype) -> None:
        self._pairs = [
            (
                _Snake(block.under(f"activations1.{index}")),
                _Convolution(block.under(f"convs1.{index}"), dtype, dilation=dilation),
                _Snake(block.under(f"activations2.{index}")),
                _Convolution(block.under(f"convs2.{index}"), dtype),
            )
            for index, dilation in enumerate(_DILATIONS)
        ]

    def __call__(self, x: Tensor) -> Tensor:
        for snake1, conv1, snake2, conv2 in self._pairs:
            x = x + conv2(snake2(conv1(snake1(x))))
        return x


class _Snake:
    def __init__(self, module: Weights) -> None:
        self._alpha = module.own("alpha")[:, None, None]
        self._share = 1 / (self._alpha + _NO_ZERO)

    def __call__(self, x: Tensor) -> Tensor:
        wave = (x * self._alpha).sin_()
        return torch.addcmul(x, wave.mul_(wave), self._share)
