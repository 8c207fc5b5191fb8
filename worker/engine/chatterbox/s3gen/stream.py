"""The state of one stream between its calls, and which tokens each call sees."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from worker.engine.chatterbox.s3gen.batch import FRAMES_PER_TOKEN, LOOKAHEAD, MEL_CHANNELS, FlowRow
from worker.engine.chatterbox.s3gen.noise import Kind, PositionalNoise
from worker.engine.chatterbox.s3gen.vocoder import VocoderStream

_NOISE_BLOCK = 50  # frames


class Prompt(NamedTuple):
    """A voice as the flow takes it."""

    tokens: Tensor
    """(n,) int64."""
    mel: Tensor
    """(2n, 80)."""
    speaker: Tensor
    """(80,): the x-vector, projected."""

    @classmethod
    def of(cls, voice: Mapping[str, Tensor], speaker: Tensor, most: int) -> "Prompt":
        """Take the last ``most`` tokens of a voice's prompt: the speech follows them."""
        count = int(voice["gen.prompt_token_len"][0])
        first = max(count - most, 0)
        # Counted from the front: a clip that ends within a token has one more mel frame than its tokens.
        mel = voice["gen.prompt_feat"][0, FRAMES_PER_TOKEN * first : FRAMES_PER_TOKEN * count]
        return cls(voice["gen.prompt_token"][0, first:count].long(), mel.float(), speaker)


class RenderStream:
    """One stream of S3Gen: belongs to its thread, and only ``S3Gen.render`` changes it."""

    def __init__(self, prompt: Prompt, seed: int, *, left_tokens: int, fade_in: bool) -> None:
        device = prompt.mel.device
        self._prompt = prompt
        self._left_tokens = left_tokens
        self.vocoder = VocoderStream(seed, device)
        self.fade_in = fade_in
        self.samples_made = 0
        self.finished = False
        self.last_mel: Tensor | None = None
        """(1, 80): the last frame that the vocoder got."""
        self._tokens: list[int] = []
        """The tokens that the next call sees; ``_first`` counts the ones before them."""
        self._first = 0
        self._rendered = 0
        self._noise = PositionalNoise(seed, Kind.FLOW, MEL_CHANNELS, block=_NOISE_BLOCK, device=device)
        prompt_noise = PositionalNoise(seed, Kind.PROMPT, MEL_CHANNELS, block=_NOISE_BLOCK, device=device)
        # Counted back from the prompt's end, so that a shorter prompt sees the same noise.
        count = FRAMES_PER_TOKEN * len(prompt.tokens)
        self._prompt_noise = prompt_noise.between(0, count).flip(0)

    @property
    def unrendered(self) -> int:
        """Return how many tokens are not rendered yet, including the lookahead."""
        return self._first + len(self._tokens) - self._rendered

    def extend(self, tokens: list[int], *, final: bool) -> "FlowWindow | None":
        """Add tokens; return the window that can be rendered now, if any."""
        self._tokens += tokens
        self.finished = final
        new = self.unrendered - (0 if final else LOOKAHEAD)
        if new <= 0:
            return None
        first = max(self._rendered - self._left_tokens, 0)
        self._tokens = self._tokens[first - self._first :]
        self._first = first
        window = FlowWindow(self._row(final), again=FRAMES_PER_TOKEN * (self._rendered - first))
        self._rendered += new
        return window

    def noise_between(self, first: int, end: int) -> Tensor:
        """Return the flow's noise for the prompt and the frames ``first`` to ``end``: (frames, 80)."""
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
    """A stream's part in one call of the flow."""

    row: FlowRow
    again: int
    """Frames at the beginning of the result that were rendered before."""
