"""A T3 decoder that speaks by heart, and objects to a scheduler that loses track of its slots."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from worker.engine.t3.decoder import Join
from worker.engine.t3.kv_cache import VoicePrefix

STOP = 0
"""Stops speech; other tokens are ``token_of``'s."""

NOBODYS = -1
"""What a slot says that nobody has: a scheduler must not pass it on."""


def token_of(utterance: int, index: int) -> int:
    """Return a token that only this place of this utterance has."""
    return 1 + utterance * 10_000 + index


@dataclass
class Held:
    """A slot that somebody has."""

    utterance: int
    said: int = 0


@dataclass
class Tokens:
    """A step's result, decided when the step was made."""

    tokens: list[int]

    def wait(self) -> list[int]:
        """Return it."""
        return self.tokens


@dataclass
class ScriptedVoice:
    """A voice of a few conditionals that keeps its prefix, or has no room for it."""

    has_room: bool = True
    conditionals: Any = field(default_factory=lambda: torch.zeros(3, 4))
    prefix: VoicePrefix | None = None

    def keep_prefix(self, prefix: VoicePrefix) -> None:
        """Remember it if there is room."""
        assert prefix.length == len(self.conditionals)
        self.prefix = prefix if self.has_room else None


class ScriptedDecoder:
    """Speaks ``scripts[seed]`` in the slot of the join with that seed, and nonsense after its end."""

    def __init__(self, slots: int) -> None:
        self.slot_count = slots
        self.scripts: dict[int, list[int]] = {}
        self.held: dict[int, Held] = {}
        self.joined: list[list[int]] = []
        """The utterances of each prefill."""

    def prefill(self, joins: Sequence[Join]) -> Tokens:
        """Begin slots that must be free."""
        assert joins
        assert len({join.prefix is None for join in joins}) == 1
        for join in joins:
            assert 0 <= join.slot < self.slot_count
            assert join.slot not in self.held
            assert join.seed not in {held.utterance for held in self.held.values()}
            self.held[join.slot] = Held(join.seed)
        self.joined.append([join.seed for join in joins])
        return Tokens([self._say(join.slot) for join in joins])

    def step(self) -> Tokens:
        """Say a token in every slot up to the last that somebody has."""
        assert self.held, "a step for nobody"
        return Tokens([self._say(slot) for slot in range(max(self.held) + 1)])

    def leave(self, slot: int) -> None:
        """Take back a slot that somebody has."""
        del self.held[slot]

    def move(self, source: int, target: int) -> None:
        """Move to a free slot."""
        assert target not in self.held
        self.held[target] = self.held.pop(source)

    def prefix_of(self, slot: int, length: int) -> VoicePrefix:
        """Copy a prefix of a slot that somebody has."""
        assert slot in self.held
        empty = torch.zeros(1, 1, length, 64)
        return VoicePrefix(empty, empty)

    def _say(self, slot: int) -> int:
        held = self.held.get(slot)
        if held is None:
            return NOBODYS
        script = self.scripts[held.utterance]
        held.said += 1
        return script[held.said - 1] if held.said <= len(script) else NOBODYS
