"""Continuous batching: texts join and leave the decoder's slots between two steps."""

import itertools
import logging
from collections import deque

from worker.engine.chatterbox.t3.decoder import Decoder, PendingTokens
from worker.engine.chatterbox.t3.runaway import circling_from
from worker.engine.chatterbox.t3.utterance import Ending, Utterance

logger = logging.getLogger(__name__)

_JOINS_A_TURN = 4
"""Texts prefilled at once at most: those that speak already wait for it."""

_GUARD_STRIDE = 25
"""Tokens between two looks for circles."""


class TokenScheduler:
    """Decides who has a slot, and hands each token to its utterance. Belongs to one thread.

    ``lag`` steps are under way while the host looks at the tokens of the one before them: on a GPU
    it never waits for the device then. What a step decodes beyond an ending is thrown away.
    """

    def __init__(self, decoder: Decoder, stop_token: int, *, lag: int = 0) -> None:
        self._decoder = decoder
        self._stop_token = stop_token
        self._lag = lag
        self._waiting: list[Utterance] = []
        self._slots: list[Utterance | None] = [None] * decoder.slot_count
        self._under_way: deque[tuple[PendingTokens, list[tuple[int, Utterance]]]] = deque()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to decode."""
        return not self._waiting and not self._under_way and not any(self._slots)

    @property
    def active(self) -> int:
        """How many slots somebody has."""
        return sum(utterance is not None for utterance in self._slots)

    @property
    def waiting(self) -> int:
        """How many utterances have no slot yet."""
        return len(self._waiting)

    def submit(self, utterance: Utterance) -> None:
        """Let an utterance wait for a slot."""
        self._waiting.append(utterance)

    def cancel(self, utterance: Utterance) -> None:
        """Forget an utterance, wherever it is; its slot is free at once."""
        if not utterance.has_ended:
            self._end(utterance, Ending.CANCELLED)
        if utterance in self._waiting:
            self._waiting.remove(utterance)

    def reset(self) -> None:
        """Forget everybody, after a turn that failed."""
        self._waiting.clear()
        self._under_way.clear()
        for utterance in [holder for holder in self._slots if holder is not None]:
            self._end(utterance, Ending.CANCELLED)

    def turn(self) -> None:
        """Let those join that have room, and decode one token of each.

        Raises what the decoder raises; utterances whose prefill failed are forgotten, without an ending.
        """
        self._admit()
        if any(self._slots):
            self._close_ranks()
            rows = [(slot, holder) for slot, holder in enumerate(self._slots) if holder is not None]
            self._under_way.append((self._decoder.step(), rows))
        while len(self._under_way) > (self._lag if any(self._slots) else 0):
            self._receive(*self._under_way.popleft())

    def _admit(self) -> None:
        free = [slot for slot, holder in enumerate(self._slots) if holder is None][:_JOINS_A_TURN]
        if not free or not self._waiting:
            return
        self._waiting.sort(key=lambda utterance: utterance.urgency())  # stable: the first come first
        chosen = self._waiting[: len(free)]
        del self._waiting[: len(free)]
        by_prefix = sorted(zip(free, chosen, strict=False), key=lambda pair: pair[1].voice.prefix is None)
        for _, group in itertools.groupby(by_prefix, key=lambda pair: pair[1].voice.prefix is None):
            self._prefill(list(group))

    def _prefill(self, joining: list[tuple[int, Utterance]]) -> None:
        """Prefill those that all have a prefix, or none: a padded batch would pay the longest for each."""
        pending = self._decoder.prefill(joining)  # raises before anybody has a slot
        for slot, utterance in joining:
            self._slots[slot] = utterance
            if utterance.voice.prefix is None:
                prefix = self._decoder.prefix_of(slot, len(utterance.voice.conditionals))
                utterance.voice.keep_prefix(prefix)
        self._under_way.append((pending, [(row, utterance) for row, (_, utterance) in enumerate(joining)]))

    def _close_ranks(self) -> None:
        """Move the last streams into holes, where that leaves fewer rows to compute."""
        while True:
            last = max(slot for slot, holder in enumerate(self._slots) if holder is not None)
            hole = self._slots.index(None) if None in self._slots else last
            if hole >= last:
                return
            self._decoder.move(last, hole)
            self._slots[hole], self._slots[last] = self._slots[last], None

    def _receive(self, pending: PendingTokens, rows: list[tuple[int, Utterance]]) -> None:
        tokens = pending.wait()
        for row, utterance in rows:
            if not utterance.has_ended:
                self._note(utterance, tokens[row])

    def _note(self, utterance: Utterance, token: int) -> None:
        # As in stock, a stop token that comes first of all stops nothing.
        if token == self._stop_token and utterance.tokens:
            self._end(utterance, Ending.STOPPED)
            return
        utterance.tokens.append(token)
        count = len(utterance.tokens)
        if count % _GUARD_STRIDE == 0 and (start := circling_from(utterance.tokens)) is not None:
            del utterance.tokens[start:]
            logger.warning("Speech went in circles and was cut after %d speech tokens", start)
            self._end(utterance, Ending.CIRCLING)
        elif count >= utterance.max_tokens:
            logger.warning("Speech did not end by itself and was cut after %d speech tokens", count)
            self._end(utterance, Ending.OVER_BUDGET)

    def _end(self, utterance: Utterance, ending: Ending) -> None:
        utterance.ending = ending
        if utterance in self._slots:
            slot = self._slots.index(utterance)
            self._slots[slot] = None
            self._decoder.leave(slot)
