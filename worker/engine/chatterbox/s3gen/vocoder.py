"""Mel to samples as a stream: each call makes the samples whose context is complete.

However the mel is cut, the samples equal those of one call over all of it: the source's phase and noise
depend on the position alone, and a window includes the mel that its samples depend on.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from worker.engine.chatterbox.s3gen.hift import MEL_CONTEXT, Hift
from worker.engine.chatterbox.s3gen.noise import Kind, PositionalNoise
from worker.engine.chatterbox.s3gen.source import (
    F0_CONTEXT,
    HARMONICS,
    SAMPLES_PER_FRAME,
    F0Predictor,
    SineSource,
)
from worker.engine.weights import Weights

EXACT_LOOKAHEAD = MEL_CONTEXT + F0_CONTEXT
"""Mel frames after a sample's own that it depends on: the network's, and after those the pitch's."""

_NOISE_BLOCK = 12_000  # samples


class VocoderStream:
    """The vocoder's state of one stream; positions are frames since its beginning."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.noise = PositionalNoise(seed, Kind.SOURCE, HARMONICS, block=_NOISE_BLOCK, device=device)
        offsets = PositionalNoise(seed, Kind.PHASE, HARMONICS, block=1, device=device).between(0, 1)
        # Uniform over the circle, with the pitch itself unshifted: upstream draws such offsets at each call.
        self.offsets = (2 * torch.special.ndtr(offsets) - 1) * torch.pi
        self.offsets[:, 0] = 0
        self.mel = torch.empty(0, 80, device=device)
        self.mel_start = 0
        self.source = torch.empty(0, device=device)
        self.source_start = 0
        self.phase = torch.zeros((), dtype=torch.float64, device=device)
        self.made = 0

    @property
    def mel_end(self) -> int:
        """Return the number of mel frames so far."""
        return self.mel_start + len(self.mel)

    @property
    def source_end(self) -> int:
        """Return the number of frames whose source is final."""
        return self.source_start + len(self.source) // SAMPLES_PER_FRAME


class VocoderCall(NamedTuple):
    """One stream's part in a call: its next ``mel`` (frames, 80), and whether that is the last."""

    stream: VocoderStream
    mel: Tensor
    final: bool


@dataclass(frozen=True, eq=False)
class _Window:
    """The frames of one stream in one call; windows of one ``shape`` are rendered together."""

    stream: VocoderStream
    mel: Tensor
    source: Tensor
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.mel), self.left, self.right


class Vocoder:
    """Upstream's ``HiFTGenerator``; a frame waits until ``lookahead`` frames follow it."""

    def __init__(self, vocoder: Weights, lookahead: int, dtype: torch.dtype) -> None:
        self._network = Hift(vocoder, dtype)
        self._predict_f0 = F0Predictor(vocoder.under("f0_predictor"))
        self._make_source = SineSource(vocoder.under("m_source"))
        self._lookahead = lookahead

    def render(self, calls: Sequence[VocoderCall]) -> list[Tensor]:
        """Return each stream's next samples (n,); n is a multiple of 480, possibly 0."""
        made: list[Tensor] = [call.mel.new_empty(0) for call in calls]
        alike = defaultdict(list)
        for index, call in enumerate(calls):
            window = self._advance(*call)
            if window is not None:
                alike[window.shape].append((index, window))
        for (_, left, right), group in alike.items():
            mel = torch.stack([window.mel for _, window in group])
            source = torch.stack([window.source for _, window in group])
            for (index, _), samples in zip(group, self._network(mel, source, left, right), strict=True):
                made[index] = samples
        return made

    def _advance(self, stream: VocoderStream, mel: Tensor, final: bool) -> _Window | None:
        """Add mel to a stream; return the window that can be rendered now, if any."""
        stream.mel = torch.cat([stream.mel, mel])
        begin = stream.made
        end = stream.mel_end if final else max(begin, stream.mel_end - self._lookahead)
        if begin == end:
            return None
        first = max(0, begin - MEL_CONTEXT)
        last = end if final else end + MEL_CONTEXT
        source = self._source_until(stream, last, settle=max(end, stream.mel_end - F0_CONTEXT), final=final)
        start = stream.source_start
        window = _Window(
            stream,
            mel=_between(stream.mel, first - stream.mel_start, last - stream.mel_start),
            source=source[(first - start) * SAMPLES_PER_FRAME : (last - start) * SAMPLES_PER_FRAME],
            left=begin - first,
            right=last - end,
        )
        stream.made = end
        self._forget(stream)
        return window

    def _source_until(self, stream: VocoderStream, last: int, *, settle: int, final: bool) -> Tensor:
        """Return the source from ``source_start`` to frame ``last``; up to ``settle`` it is final.

        The rest is an estimate from mel that repeats its last frame; the next call replaces it.
        """
        begin = stream.source_end
        if begin >= last:
            return stream.source
        first = max(0, begin - F0_CONTEXT)
        beyond = last if final else last + F0_CONTEXT
        mel = _between(stream.mel, first - stream.mel_start, beyond - stream.mel_start)
        f0 = self._predict_f0(mel[None])[:, begin - first : last - first]
        noise = stream.noise.between(begin * SAMPLES_PER_FRAME, last * SAMPLES_PER_FRAME)
        made = self._make_source(f0, stream.phase[None], stream.offsets, noise[None])
        settled = min(settle, last) - begin
        stream.phase = made.phases[0, settled]
        source = torch.cat([stream.source, made.samples[0]])
        stream.source = source[: len(stream.source) + settled * SAMPLES_PER_FRAME]
        return source

    @staticmethod
    def _forget(stream: VocoderStream) -> None:
        """Keep the mel and the source that the next window needs to its left."""
        keep = max(0, stream.made - MEL_CONTEXT)
        stream.source = stream.source[max(0, keep - stream.source_start) * SAMPLES_PER_FRAME :].clone()
        stream.source_start = max(keep, stream.source_start)
        keep = max(stream.mel_start, min(keep, stream.source_end - F0_CONTEXT))
        stream.mel = stream.mel[keep - stream.mel_start :].clone()
        stream.mel_start = keep


def _between(mel: Tensor, first: int, end: int) -> Tensor:
    """Return the frames ``first`` to ``end``; the last one is repeated where there is no mel."""
    missing = end - len(mel)
    if missing <= 0:
        return mel[first:end]
    return torch.cat([mel[first:], mel[-1:].expand(missing, -1)])
