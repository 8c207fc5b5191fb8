"""A scripted T3 decoder that also checks how the scheduler uses its slots."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from worker.engine.chatterbox.t3.kv_cache import VoicePrefix
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Ending, Utterance

STOP = 0
"""Stops speech; other tokens are ``token_of``'s."""

JOINS_A_TURN = 4

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
    """Speaks ``scripts[seed]`` in the slot of the utterance with that seed, and nonsense after its end."""

    def __init__(self, slots: int) -> None:
        self.slot_count = slots
        self.scripts: dict[int, list[int]] = {}
        self.held: dict[int, Held] = {}
        self.joined: list[list[int]] = []
        """The utterances of each prefill."""

    def prefill(self, joining: Sequence[tuple[int, Utterance]]) -> Tokens:
        """Begin slots that must be free."""
        assert joining
        assert len({utterance.voice.prefix is None for _, utterance in joining}) == 1
        for slot, utterance in joining:
            assert 0 <= slot < self.slot_count
            assert slot not in self.held
            assert utterance.seed not in {held.utterance for held in self.held.values()}
            self.held[slot] = Held(utterance.seed)
        self.joined.append([utterance.seed for _, utterance in joining])
        return Tokens([self._say(slot) for slot, _ in joining])

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


@dataclass
class Hall:
    """A scheduler, its decoder, and everybody who ever asked to speak."""

    scheduler: TokenScheduler
    decoder: ScriptedDecoder
    utterances: list[Utterance]
    voices: list[ScriptedVoice]

    @classmethod
    def of(cls, slots: int, lag: int = 0) -> "Hall":
        """Open one."""
        decoder = ScriptedDecoder(slots)
        voices = [ScriptedVoice(), ScriptedVoice(), ScriptedVoice(has_room=False)]
        return cls(TokenScheduler(decoder, STOP, lag=lag), decoder, [], voices)

    def submit(
        self, length: int, max_tokens: int = 1000, urgency: float = 0.0, stops_first: bool = False
    ) -> Utterance:
        """Ask for a slot, with a script of so many tokens."""
        number = len(self.utterances)
        script = [token_of(number, index) for index in range(length)]
        if stops_first:
            script[0] = STOP
        self.decoder.scripts[number] = [*script, STOP]
        utterance = Utterance(
            self.voices[number % 3],
            torch.zeros(2, 4),
            Sampling(),
            number,
            max_tokens,
            lambda: urgency,
        )
        self.utterances.append(utterance)
        self.scheduler.submit(utterance)
        return utterance

    def turn(self) -> None:
        """Take a turn, and see that the most urgent joined, as many as there was room for."""
        held = self.holders()
        waiting = [each for each in self.utterances if each.seed not in held and not each.has_ended]
        first = sorted(waiting, key=lambda each: (each.urgency(), each.seed))  # numbers rise with time
        room = min(JOINS_A_TURN, self.decoder.slot_count - len(held))
        before = len(self.decoder.joined)
        self.scheduler.turn()
        joined = {seed for group in self.decoder.joined[before:] for seed in group}
        assert joined == {each.seed for each in first[:room]}

    def holders(self) -> set[int]:
        """Return who has a slot."""
        return {held.utterance for held in self.decoder.held.values()}

    def finish(self) -> None:
        """Let everybody say all of it, and see that everybody did."""
        for _ in range(100_000):
            if self.scheduler.is_idle:
                break
            self.turn()
        assert self.scheduler.is_idle
        assert not self.decoder.held
        assert (self.scheduler.active, self.scheduler.waiting) == (0, 0)
        for utterance in self.utterances:
            self.assert_right(utterance)

    def assert_right(self, utterance: Utterance) -> None:
        """Every token it has is its own, in order; an ended one has all of them, for the right reason."""
        tokens, ending = expected_of(self.decoder.scripts[utterance.seed], utterance.max_tokens)
        if utterance.ending in (None, Ending.CANCELLED):
            assert utterance.tokens == tokens[: len(utterance.tokens)]
        else:
            assert (utterance.tokens, utterance.ending) == (tokens, ending)

    def assert_no_slot_is_lost(self) -> None:
        """The decoder's slots and the scheduler's agree: nobody who has ended keeps one."""
        assert self.scheduler.active == len(self.decoder.held)
        ended = {each.seed for each in self.utterances if each.has_ended}
        assert not self.holders() & ended
        living = len(self.utterances) - len(ended)
        assert self.scheduler.active + self.scheduler.waiting == living


def expected_of(script: list[int], max_tokens: int) -> tuple[list[int], Ending]:
    """Read a script as stock does: a stop token ends it, unless it is the very first."""
    stop = script.index(STOP, 1)
    if stop < max_tokens:
        return script[:stop], Ending.STOPPED
    return script[:max_tokens], Ending.OVER_BUDGET
