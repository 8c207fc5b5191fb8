"""The slots' state as tensors on the device, so that a decode step needs nothing from the host."""

import torch
from torch import Tensor

from worker.engine.chatterbox.t3.model import T3Sizes
from worker.engine.chatterbox.t3.sampling import Sampling, SamplingRows

MAX_SPEECH_TOKENS = 1001
"""Stock's limit: the first token and 1,000 decode steps, 40 s of audio."""


class Slots:
    """One row per slot."""

    def __init__(self, count: int, sizes: T3Sizes, device: torch.device) -> None:
        self.count = count
        self.token = torch.zeros(count, dtype=torch.long, device=device)
        """(slots,): the last token, which is the next step's input."""
        self.position = torch.zeros(count, dtype=torch.long, device=device)
        """(slots,): the position of that token."""
        self.is_active = torch.zeros(count, dtype=torch.long, device=device)
        """(slots,): 1 for a slot in use, 0 for a free one, whose position stays."""
        self.drawn = torch.zeros(count, dtype=torch.long, device=device)
        """(slots,): tokens chosen so far."""
        self.keys = torch.zeros(count, MAX_SPEECH_TOKENS, dtype=torch.long, device=device)
        """(slots, 1001): per-request random keys, one per token; independent of other requests."""
        self.seen = torch.zeros(count, sizes.speech_vocabulary, dtype=torch.bool, device=device)
        """(slots, speech vocabulary): tokens under the repetition penalty."""
        self.sampling = SamplingRows.allocate(count, device)

    def join(self, slot: int, sampling: Sampling, seed: int, start_token: int) -> None:
        """Assign a slot before its prefill; the start token is penalised at the first token."""
        generator = torch.Generator().manual_seed(seed)
        keys = torch.empty(MAX_SPEECH_TOKENS, dtype=torch.long).random_(generator=generator)
        self.keys[slot] = keys.to(self.keys.device)
        self.sampling.set(slot, sampling)
        self.seen[slot] = False
        self.seen[slot, start_token] = True
        self.drawn[slot] = 0

    def begin(self, slots: Tensor, tokens: Tensor, positions: Tensor) -> None:
        """Store the first tokens (b,) of (b,) slots, and their positions (b,)."""
        self.seen[slots] = False
        self.seen[slots, tokens] = True
        self.token[slots] = tokens
        self.position[slots] = positions
        self.drawn[slots] = 1
        self.is_active[slots] = 1

    def advance(self, tokens: Tensor) -> None:
        """Store the next tokens (b,) of the first b slots."""
        rows = slice(len(tokens))
        self.token[rows] = tokens
        self.seen[rows].scatter_(1, tokens[:, None], True)
        self.position[rows] += self.is_active[rows]
        # A step may run before the host has read the stop token of the previous one.
        self.drawn[rows] = (self.drawn[rows] + self.is_active[rows]).clamp(max=MAX_SPEECH_TOKENS - 1)

    def next_keys(self, slots: Tensor | slice) -> Tensor:
        """Return the random keys of the slots' next tokens, (b,)."""
        return self.keys[slots].gather(1, self.drawn[slots, None]).squeeze(1)

    def leave(self, slot: int) -> None:
        """Free a slot: its position stays 0, which every bucket contains."""
        self.is_active[slot] = 0
        self.position[slot] = 0

    def move(self, source: int, target: int) -> None:
        """Copy a slot's row to another."""
        for rows in self._rows():
            rows[target] = rows[source]

    def saved(self) -> list[Tensor]:
        """Copy the tensors that a decode step changes, for ``restore``."""
        return [rows.clone() for rows in (self.token, self.position, self.drawn, self.seen)]

    def restore(self, saved: list[Tensor]) -> None:
        """Restore a copy from ``saved``, which undoes the decode steps since."""
        for rows, before in zip((self.token, self.position, self.drawn, self.seen), saved, strict=True):
            rows.copy_(before)

    def _rows(self) -> list[Tensor]:
        options = self.sampling
        return [
            *(self.token, self.position, self.is_active, self.drawn, self.keys, self.seen),
            *(options.temperature, options.top_k, options.tail, options.repetition_penalty),
        ]
