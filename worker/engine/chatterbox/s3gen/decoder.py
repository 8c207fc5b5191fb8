"""Speech tokens to 24 kHz samples, in audio chunks as the tokens come, for several streams at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from voices.clips.clip import Samples
from worker.engine.chatterbox.s3gen.batch import Buckets
from worker.engine.chatterbox.s3gen.flow import Flow
from worker.engine.chatterbox.s3gen.graphs import CudaCapture
from worker.engine.chatterbox.s3gen.seam import join
from worker.engine.chatterbox.s3gen.settings import DecoderSettings
from worker.engine.chatterbox.s3gen.source import SAMPLE_RATE
from worker.engine.chatterbox.s3gen.stream import Prompt, SpeechStream
from worker.engine.chatterbox.s3gen.vocoder import Vocoder, VocoderCall
from worker.engine.precision import s3gen_dtype
from worker.engine.weights import Weights

SILENCE = 4299
"""The speech token of silence."""

TRAILING_SILENCE = [SILENCE] * 3
"""What ends every utterance, as in stock Turbo's ``generate``."""


@dataclass(frozen=True)
class Decode:
    """One stream's share in a call."""

    stream: SpeechStream
    tokens: list[int]
    """New speech tokens, without start and stop tokens; there may be none."""
    final: bool = False
    """Whether these are the last: everything that was held back is decoded."""


class SpeechDecoder:
    """Over the S3Gen of a meanflow checkpoint. Owned by one thread; streams share nothing.

    The weights are taken when it is built, in the precision of ``settings``; those of the encoders
    behind a voice's conditionals, half of the file, are left alone.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, s3gen: Weights, settings: DecoderSettings | None = None) -> None:
        self.settings = settings or DecoderSettings()
        device = s3gen.device
        with torch.inference_mode():
            on_gpu = device.type == "cuda"
            self._flow = Flow(
                s3gen.under("flow"),
                self.settings.flow_steps,
                s3gen_dtype(self.settings.flow_precision, device),
                buckets=Buckets() if on_gpu else None,
                capture=CudaCapture() if on_gpu and self.settings.graphs else None,
            )
            self._vocoder = Vocoder(
                s3gen.under("mel2wav"),
                self.settings.vocoder_lookahead,
                s3gen_dtype(self.settings.vocoder_precision, device),
            )
            self._fade = _fade_in(device)

    @torch.inference_mode()
    def open(self, voice: Mapping[str, Tensor], seed: int, *, fade_in: bool = True) -> SpeechStream:
        """Begin a stream of a voice's speech; ``voice`` by the names in ``chatterbox/conditionals.py``.

        The same seed and tokens give the same samples. ``fade_in`` silences the first 20 ms and
        fades the next 20 in, as stock does against what spills over from the prompt: for a
        request's first text chunk.
        """
        speaker = self._flow.project_speaker(voice["gen.embedding"])
        prompt = Prompt.of(voice, speaker, self.settings.prompt_tokens)
        return SpeechStream(prompt, seed, left_tokens=self.settings.left_tokens, fade_in=fade_in)

    @torch.inference_mode()
    def decode(self, calls: Sequence[Decode]) -> list[Samples]:
        """Return each stream's next samples (n,), which may be none before its final call.

        A stream's outputs, joined, are 960 samples for each of its tokens and of the three silent
        ones that follow them. Raises ``ValueError`` for a stream that is finished or comes twice.
        """
        _check(calls)
        mels = self._mels(calls)
        vocoded = self._vocoder.decode(
            [VocoderCall(call.stream.vocoder, mel, call.final) for call, mel in zip(calls, mels, strict=True)]
        )
        return [self._finish(call.stream, samples) for call, samples in zip(calls, vocoded, strict=True)]

    def _mels(self, calls: Sequence[Decode]) -> list[Tensor]:
        """Return the mel by which each stream goes on, (frames, 80)."""
        mels = [call.stream.vocoder.mel.new_empty(0, 80) for call in calls]
        windows = [
            call.stream.extend(call.tokens + (TRAILING_SILENCE if call.final else []), final=call.final)
            for call in calls
        ]
        wanted = [(index, window) for index, window in enumerate(windows) if window is not None]
        decoded = self._flow.decode([window.row for _, window in wanted])
        for (index, window), mel in zip(wanted, decoded, strict=True):
            stream = calls[index].stream
            mels[index] = join(mel, window.again, stream.last_mel, self.settings.seam_frames)
            stream.last_mel = mels[index][-1:]
        return mels

    def _finish(self, stream: SpeechStream, samples: Tensor) -> Samples:
        begin = stream.samples_made
        stream.samples_made += len(samples)
        if stream.fade_in and begin < len(self._fade):
            fade = self._fade[begin : stream.samples_made]
            samples[: len(fade)] *= fade
        finished: Samples = samples.cpu().numpy()
        return finished


def _fade_in(device: torch.device) -> Tensor:
    """Return the gains of an utterance's first 40 ms: silence, then half of a raised cosine."""
    count = SAMPLE_RATE // 50
    rise = (torch.cos(torch.linspace(torch.pi, 0, count)) + 1) / 2
    return torch.cat([torch.zeros(count), rise]).to(device)


def _check(calls: Sequence[Decode]) -> None:
    streams = [call.stream for call in calls]
    if any(stream.finished for stream in streams):
        raise ValueError("a stream in this call has had its final decode: open another one")
    if len({id(stream) for stream in streams}) < len(streams):
        raise ValueError("a stream comes twice in this call: join its tokens")
