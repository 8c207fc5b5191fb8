"""HiFT's network: mel and source to samples, over a window of which the middle is wanted.

Upstream's ``HiFTGenerator.decode`` over the same weights. Its convolutions see a bounded way to
each side, most of it at the lowest rate. So the context that a window brings is dropped as the
rate grows, and the costly stages work on little more than the samples that are wanted.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.s3gen.source import SAMPLES_PER_FRAME

MEL_CONTEXT = 15
"""Frames of mel and source to each side that a sample depends on."""

_CONTEXT_AFTER = (4, 2)
"""Frames to each side that it depends on behind the first and the second stage."""

_COLUMNS_PER_FRAME = (8, 40, 120)
_FFT, _HOP = 16, 4
_LOUDEST = 1e2  # of a magnitude, as upstream clips it
_SLOPE = 0.1


class Hift:
    """Over upstream's vocoder; convolutions in ``dtype``, activations and the inverse STFT in float32."""

    def __init__(self, vocoder: Any, dtype: torch.dtype) -> None:
        self._begin = _Convolution(vocoder.conv_pre, dtype)
        self._stages = [_Stage(vocoder, index, dtype) for index in range(len(_COLUMNS_PER_FRAME))]
        self._end = _Convolution(vocoder.conv_post, dtype)
        self._window = vocoder.stft_window.to(self._end.device)
        self._limit = vocoder.audio_limit

    def __call__(self, mel: Tensor, source: Tensor, left: int, right: int) -> Tensor:
        """Return the samples (batch, (frames - left - right) * 480) of a window's middle.

        mel (batch, frames, 80), source (batch, frames * 480). Where ``left`` or ``right`` is less
        than ``MEL_CONTEXT``, the window must end where the signal does.
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
        return samples.clamp(-self._limit, self._limit)


class _Convolution:
    """A convolution (or its transpose) over (batch, channels, 1, length), channels last in memory.

    oneDNN's kernels for that order are faster than those for upstream's, most of all in bfloat16.
    """

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        # Without its gradient-carrying norm: the weight that the norm gives is computed once.
        self._weight = (
            module.weight.detach().unsqueeze(2).to(dtype).contiguous(memory_format=torch.channels_last)
        )
        self._bias = module.bias.detach().to(dtype)
        self._transposed = isinstance(module, torch.nn.ConvTranspose1d)
        self._stride, self._padding = (1, module.stride[0]), (0, module.padding[0])
        self._dilation = (1, module.dilation[0])
        self.device = module.bias.device

    def __call__(self, x: Tensor) -> Tensor:
        """Return float32."""
        x = x.to(self._weight.dtype)
        if self._transposed:
            return functional.conv_transpose2d(
                x, self._weight, self._bias, self._stride, self._padding
            ).float()
        return functional.conv2d(
            x, self._weight, self._bias, self._stride, self._padding, self._dilation
        ).float()


class _Stage:
    """Raise the rate, add the source, and pass through three residual blocks side by side."""

    def __init__(self, vocoder: Any, index: int, dtype: torch.dtype) -> None:
        count = vocoder.num_kernels
        self._up = _Convolution(vocoder.ups[index], dtype)
        self._down = _Convolution(vocoder.source_downs[index], dtype)
        self._source = _Residual(vocoder.source_resblocks[index], dtype)
        blocks = vocoder.resblocks[index * count : (index + 1) * count]
        self._blocks = [_Residual(block, dtype) for block in blocks]
        self._last = index == vocoder.num_upsamples - 1

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
    """Pairs of convolutions, each behind a snake: x + sin(a x)^2 / a."""

    def __init__(self, block: Any, dtype: torch.dtype) -> None:
        self._pairs = [
            (_Snake(snake1), _Convolution(conv1, dtype), _Snake(snake2), _Convolution(conv2, dtype))
            for snake1, conv1, snake2, conv2 in zip(
                block.activations1, block.convs1, block.activations2, block.convs2, strict=True
            )
        ]

    def __call__(self, x: Tensor) -> Tensor:
        for snake1, conv1, snake2, conv2 in self._pairs:
            x = x + conv2(snake2(conv1(snake1(x))))
        return x


class _Snake:
    def __init__(self, module: Any) -> None:
        self._alpha = module.alpha.detach()[:, None, None]
        self._share = 1 / (self._alpha + module.no_div_by_zero)

    def __call__(self, x: Tensor) -> Tensor:
        wave = (x * self._alpha).sin_()
        return torch.addcmul(x, wave.mul_(wave), self._share)
