"""S3Gen: renders speech tokens as 24 kHz samples, chunk by chunk, for several streams at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from voices.clips.clip import Samples
from worker.engine.chatterbox.s3gen.batch import Buckets
from worker.engine.chatterbox.s3gen.flow import Flow, continue_mel
from worker.engine.chatterbox.s3gen.settings import S3GenSettings
from worker.engine.chatterbox.s3gen.source import SAMPLE_RATE
from worker.engine.chatterbox.s3gen.stream import Prompt, RenderStream
from worker.engine.chatterbox.s3gen.vocoder import Vocoder, VocoderCall
from worker.engine.cuda_graphs import GraphPool
from worker.engine.precision import s3gen_dtype
from worker.engine.weights import Weights

SILENCE = 4299
"""The speech token of silence."""

TRAILING_SILENCE = [SILENCE] * 3
"""The end of every utterance, as in stock Turbo's ``generate``."""


@dataclass(frozen=True)
class RenderCall:
    """One stream's part in a call of ``S3Gen.render``."""

    stream: RenderStream
    tokens: list[int]
    """New speech tokens, without start and stop tokens; possibly none."""
    final: bool = False
    """Whether these are the stream's last tokens: all that was held back is rendered."""


class S3Gen:
    """Renders with the S3Gen of a meanflow checkpoint. Belongs to one thread; streams share no state.

    The constructor takes the weights in the precision of ``settings``. It ignores those of the voice
    encoders, half of the file.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, s3gen: Weights, settings: S3GenSettings | None = None) -> None:
        self.settings = settings or S3GenSettings()
        device = s3gen.device
        with torch.inference_mode():
            on_gpu = device.type == "cuda"
            self._flow = Flow(
                s3gen.under("flow"),
                self.settings.flow_steps,
                s3gen_dtype(self.settings.flow_precision, device),
                buckets=Buckets() if on_gpu else None,
                capture=GraphPool().capture if on_gpu and self.settings.graphs else None,
            )
            self._vocoder = Vocoder(
                s3gen.under("mel2wav"),
                self.settings.vocoder_lookahead,
                s3gen_dtype(self.settings.vocoder_precision, device),
            )
            self._fade = _fade_in(device)

    @torch.inference_mode()
    def open(self, voice: Mapping[str, Tensor], seed: int, *, fade_in: bool = True) -> RenderStream:
        """Open a stream in a voice; ``voice`` by the names in ``chatterbox/conditionals.py``.

        The same seed and tokens give the same samples. ``fade_in`` silences the first 20 ms and fades
        in the next 20, as stock does to hide the prompt's tail. It is for a request's first text chunk.
        """
        speaker = self._flow.project_speaker(voice["gen.embedding"])
        prompt = Prompt.of(voice, speaker, self.settings.prompt_tokens)
        return RenderStream(prompt, seed, left_tokens=self.settings.left_tokens, fade_in=fade_in)

    @torch.inference_mode()
    def render(self, calls: Sequence[RenderCall]) -> list[Samples]:
        """Return each stream's next samples (n,); n may be 0 before its final call.

        Over all calls a stream has 960 samples for each of its tokens and for each of the three silent
        tokens that follow them. Raises ``ValueError`` for a finished stream and for one that comes twice.
        """
        _check(calls)
        mels = self._mels(calls)
        rendered = self._vocoder.render(
            [VocoderCall(call.stream.vocoder, mel, call.final) for call, mel in zip(calls, mels, strict=True)]
        )
        return [self._finish(call.stream, samples) for call, samples in zip(calls, rendered, strict=True)]

    def _mels(self, calls: Sequence[RenderCall]) -> list[Tensor]:
        """Return each stream's next mel frames, (frames, 80)."""
        mels = [call.stream.vocoder.mel.new_empty(0, 80) for call in calls]
        windows = [
            call.stream.extend(call.tokens + (TRAILING_SILENCE if call.final else []), final=call.final)
            for call in calls
        ]
        due = [(index, window) for index, window in enumerate(windows) if window is not None]
        rendered = self._flow.render([window.row for _, window in due])
        for (index, window), mel in zip(due, rendered, strict=True):
            stream = calls[index].stream
            mels[index] = continue_mel(mel, window.again, stream.last_mel, self.settings.seam_frames)
            stream.last_mel = mels[index][-1:]
        return mels

    def _finish(self, stream: RenderStream, samples: Tensor) -> Samples:
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


def _check(calls: Sequence[RenderCall]) -> None:
    streams = [call.stream for call in calls]
    if any(stream.finished for stream in streams):
        raise ValueError("a stream in this call has had its final call: open another one")
    if len({id(stream) for stream in streams}) < len(streams):
        raise ValueError("a stream comes twice in this call: pass all of its tokens at once")
