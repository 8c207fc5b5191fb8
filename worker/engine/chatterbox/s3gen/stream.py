"""What one stream of speech remembers between its decodes, and which tokens each of them sees."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN, LOOKAHEAD, MEL_CHANNELS, FlowRow
from worker.engine.chatterbox.s3gen.noise import Kind, PositionalNoise
from worker.engine.chatterbox.s3gen.vocoder import VocoderStream

_NOISE_BLOCK = 50  # frames


class Prompt(NamedTuple):
    """What the flow takes of a voice."""

    tokens: Tensor
    """(n,) int64."""
    mel: Tensor
    """(2n, 80)."""
    speaker: Tensor
    """(80,): the x-vector, projected."""

    @classmethod
    def of(cls, voice: Mapping[str, Tensor], speaker: Tensor, most: int) -> "Prompt":
        """Take the last ``most`` tokens of a voice's prompt, the ones that the speech follows."""
        count = int(voice["gen.prompt_token_len"][0])
        first = max(count - most, 0)
        # Counted from the front: a clip that ends within a token has a mel frame without one.
        mel = voice["gen.prompt_feat"][0, FRAMES_PER_TOKEN * first : FRAMES_PER_TOKEN * count]
        return cls(voice["gen.prompt_token"][0, first:count].long(), mel.float(), speaker)


class SpeechStream:
    """One stream: owned by the thread that decodes, changed by ``SpeechDecoder.decode`` alone."""

    def __init__(self, prompt: Prompt, seed: int, *, left_tokens: int, fade_in: bool) -> None:
        device = prompt.mel.device
        self._prompt = prompt
        self._left_tokens = left_tokens
        self.vocoder = VocoderStream(seed, device)
        self.fade_in = fade_in
        self.samples_made = 0
        self.finished = False
        self.last_mel: Tensor | None = None
        """(1, 80): the last frame so far, as the vocoder got it."""
        self._tokens: list[int] = []
        """Those that a coming decode sees; ``_first`` counts the ones before them."""
        self._first = 0
        self._decoded = 0
        self._noise = PositionalNoise(seed, Kind.FLOW, MEL_CHANNELS, block=_NOISE_BLOCK, device=device)
        prompt_noise = PositionalNoise(seed, Kind.PROMPT, MEL_CHANNELS, block=_NOISE_BLOCK, device=device)
        # Counted back from the prompt's end, so that a shorter prompt sees the same noise.
        count = FRAMES_PER_TOKEN * len(prompt.tokens)
        self._prompt_noise = prompt_noise.between(0, count).flip(0)

    @property
    def undecoded(self) -> int:
        """Return how many tokens wait for their decode, the lookahead among them."""
        return self._first + len(self._tokens) - self._decoded

    def extend(self, tokens: list[int], *, final: bool) -> "FlowWindow | None":
        """Take new tokens; return what can be decoded now, if anything."""
        self._tokens += tokens
        self.finished = final
        new = self.undecoded - (0 if final else LOOKAHEAD)
        if new <= 0:
            return None
        first = max(self._decoded - self._left_tokens, 0)
        self._tokens = self._tokens[first - self._first :]
        self._first = first
        window = FlowWindow(self._row(final), again=FRAMES_PER_TOKEN * (self._decoded - first))
        self._decoded += new
        return window

    def noise_between(self, first: int, end: int) -> Tensor:
        """Return the flow's noise for the prompt and for frames ``first`` to ``end``: (frames, 80)."""
        return torch.cat([self._prompt_noise, self._noise.between(first, end)])

    def _row(self, final: bool) -> FlowRow:
        visible = torch.tensor(self._tokens, device=self._prompt.tokens.device)
        end = self._first + len(self._tokens) - (0 if final else LOOKAHEAD)
        return FlowRow(
            tokens=torch.cat([self._prompt.tokens, visible]),
            prompt_mel=self._prompt.mel,
            speaker=self._prompt.speaker,
            noise=self.noise_between(FRAMES_PER_TOKEN * self._first, FRAMES_PER_TOKEN * end),
            final=final,
        )


class FlowWindow(NamedTuple):
    """What a stream decodes in one call of the flow."""

    row: FlowRow
    again: int
    """Frames of the result that were decoded before, at its beginning."""
