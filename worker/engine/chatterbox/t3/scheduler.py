"""Continuous batching: utterances join and leave the decoder's slots between two steps."""

import itertools
import logging
from collections import deque

from worker.engine.chatterbox.t3.decoder import Decoder, PendingTokens
from worker.engine.chatterbox.t3.runaway import circling_from
from worker.engine.chatterbox.t3.utterance import Ending, Utterance

logger = logging.getLogger(__name__)

_JOINS_A_TURN = 4
"""Upper bound of prefills per turn: utterances that already have slots wait for them."""

_GUARD_STRIDE = 25
"""Tokens between two checks for repetition."""


class TokenScheduler:
    """Assigns slots, and appends each token to its utterance. Belongs to one thread.

    ``lag`` steps run on the device while the host reads the tokens of the step before them, so that with a
    GPU neither waits for the other. Tokens after an utterance's end are discarded.
    """

    def __init__(self, decoder: Decoder, stop_token: int, *, lag: int = 0) -> None:
        self._decoder = decoder
        self._stop_token = stop_token
        self._lag = lag
        self._waiting: list[Utterance] = []
        self._slots: list[Utterance | None] = [None] * decoder.slot_count
        self._in_progress: deque[tuple[PendingTokens, list[tuple[int, Utterance]]]] = deque()

    @property
    def is_idle(self) -> bool:
        """Whether there are no utterances and no steps in progress."""
        return not self._waiting and not self._in_progress and not any(self._slots)

    @property
    def active(self) -> int:
        """Number of slots in use."""
        return sum(utterance is not None for utterance in self._slots)

    @property
    def waiting(self) -> int:
        """Number of utterances without a slot."""
        return len(self._waiting)

    def submit(self, utterance: Utterance) -> None:
        """Queue an utterance for a slot."""
        self._waiting.append(utterance)

    def cancel(self, utterance: Utterance) -> None:
        """Remove an utterance, queued or in a slot; its slot is free at once."""
        if not utterance.has_ended:
            self._end(utterance, Ending.CANCELLED)
        if utterance in self._waiting:
            self._waiting.remove(utterance)

    def reset(self) -> None:
        """Remove all utterances, after a failed turn."""
        self._waiting.clear()
        self._in_progress.clear()
        for utterance in [holder for holder in self._slots if holder is not None]:
            self._end(utterance, Ending.CANCELLED)

    def turn(self) -> None:
        """Admit utterances to free slots, and decode one token of every slot.

        Raises the decoder's errors; utterances whose prefill failed are removed, without an ending.
        """
        self._admit()
        if any(self._slots):
            self._close_ranks()
            rows = [(slot, holder) for slot, holder in enumerate(self._slots) if holder is not None]
            self._in_progress.append((self._decoder.step(), rows))
        while len(self._in_progress) > (self._lag if any(self._slots) else 0):
            self._receive(*self._in_progress.popleft())

    def _admit(self) -> None:
        free = [slot for slot, holder in enumerate(self._slots) if holder is None][:_JOINS_A_TURN]
        if not free or not self._waiting:
            return
        self._waiting.sort(key=lambda utterance: utterance.urgency())  # stable: the earliest first
        chosen = self._waiting[: len(free)]
        del self._waiting[: len(free)]
        by_prefix = sorted(zip(free, chosen, strict=False), key=lambda pair: pair[1].voice.prefix is None)
        for _, group in itertools.groupby(by_prefix, key=lambda pair: pair[1].voice.prefix is None):
            self._prefill(list(group))

    def _prefill(self, joining: list[tuple[int, Utterance]]) -> None:
        """Prefill utterances that all have a prefix, or all have none: a mixed batch is mostly padding."""
        pending = self._decoder.prefill(joining)  # raises before any slot is assigned
        for slot, utterance in joining:
            self._slots[slot] = utterance
            if utterance.voice.prefix is None:
                prefix = self._decoder.prefix_of(slot, len(utterance.voice.conditionals))
                utterance.voice.keep_prefix(prefix)
        self._in_progress.append((pending, [(row, utterance) for row, (_, utterance) in enumerate(joining)]))

    def _close_ranks(self) -> None:
        """Move the last utterances to free slots before them, so that steps compute fewer rows."""
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
        # As in stock, a stop token as the very first token is ignored.
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
