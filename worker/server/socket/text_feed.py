"""Text that arrives in pieces, given out in whole sentences."""

import asyncio
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from worker.errors import Overloaded, TextTooLong
from worker.server.waiting import HeldText
from worker.speech.text_source import TextPart
from worker.text.characters import whole_characters
from worker.text.prepared import complete
from worker.text.thoughts import Run, Thoughts

_FIRST_HALF = re.compile("[\ud800-\udbff]\\Z")
_BEGUN_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+|\][^\x07\x1b\n]{0,400}\x1b?|[ -/]*+)\Z")
"""What the next piece may make a whole sequence for a terminal, which is not spoken."""
_LONGEST_SEQUENCE = 500
"""Characters of such a sequence: a longer one is spoken as text."""
_SHORT = 400
"""Characters: as long as less waits, every piece is looked at with what came before it."""
_MOST_WHOLE = 1_000
"""Flushed parts that may wait."""
_LOOKING = ThreadPoolExecutor(2, thread_name_prefix="text")
"""Where text is looked at: the event loop, which all others wait for, is no place for it."""
_FOLLOWING = 200
"""Characters after a part by which the pause after it is known."""
_GROWTH = 16
"""More that waits is looked at again when it has grown by this part of it, so that time stays linear."""


class TextFeed:
    """Gathers pieces; ``take`` gives out every sentence that is surely complete, as soon as one is.

    A sentence is complete once the next one has begun: only then is a full stop known to be none of
    an abbreviation's. ``<think>`` blocks are left out, and surrogate halves are joined over pieces.
    """

    def __init__(self, max_characters: int, held: HeldText) -> None:
        """``held`` counts what waits in it."""
        self._max_characters = max_characters
        self._held = held
        self._is_dropped = False
        self._thoughts = Thoughts(max_characters)
        self._half = ""
        self._whole: deque[TextPart] = deque()
        """To be spoken, sentence or not."""
        self._whole_characters = 0
        self._waiting = ""
        self._looked_at = 0
        """So much of the waiting text is known to hold no complete sentence."""
        self._start = 0
        """Where the waiting text begins, in characters of all pieces joined."""
        self._is_closed = False
        self._changed = asyncio.Event()

    def add(self, text: str) -> None:
        """Take a piece in; raises ``TextTooLong`` when more waits than one request may have.

        Raises ``Overloaded`` where more would wait than the connection or the server may have.
        """
        if self._is_dropped:
            return
        wanted = self._length() + len(text)
        if wanted > self._max_characters:
            raise TextTooLong(
                f"text: more than {self._max_characters:,} characters are waiting: send it more slowly."
            )
        self._held.hold(wanted)
        text, self._half = self._half + text, ""
        if half := _FIRST_HALF.search(text):
            text, self._half = text[: half.start()], half.group()
        for run in self._thoughts.feed(whole_characters(text)):
            self._append(run)
        self._let_go()
        self._changed.set()

    def flush(self) -> None:
        """Have what is there spoken, though its sentence may go on; raises ``Overloaded``.

        Each costs more than its text.
        """
        if len(self._whole) >= _MOST_WHOLE:
            raise Overloaded(f"This request has {_MOST_WHOLE} parts waiting: let some be spoken.")
        begun = _BEGUN_SEQUENCE.search(self._waiting, max(len(self._waiting) - _LONGEST_SEQUENCE, 0))
        self._cut(begun.start() if begun else len(self._waiting))
        self._changed.set()

    def close(self) -> None:
        """Say that no more text comes."""
        for run in [*self._thoughts.feed(whole_characters(self._half)), *self._thoughts.end()]:
            self._append(run)
        self._cut(len(self._waiting))
        self._is_closed = True
        self._changed.set()

    def drop(self) -> None:
        """Forget what waits, and whatever comes: nobody will speak it."""
        self._is_dropped = True
        self._whole.clear()
        self._whole_characters = 0
        self._thoughts = Thoughts(0)
        self._waiting = self._half = ""
        self._held.hold(0)
        self._changed.set()

    async def take(self) -> TextPart | None:
        """Wait for text to speak and return all of it that is complete; None after the last."""
        while True:
            self._changed.clear()
            if not self._whole and (length := await self._complete()):
                self._cut(length)
            if self._whole:
                part = self._whole.popleft()
                self._whole_characters -= len(part.text)
                self._let_go()
                return replace(part, is_last=self._is_closed and not self._whole)
            if self._is_closed or self._is_dropped:
                return None
            await self._changed.wait()

    def _length(self) -> int:
        """Return how many characters are there, in a block that is not spoken among them."""
        held_back = self._thoughts.kept_characters + len(self._half)
        return len(self._waiting) + self._whole_characters + held_back

    def _let_go(self) -> None:
        """Count no more than is still there."""
        self._held.hold(min(self._held.characters, self._length()))

    def _append(self, run: Run) -> None:
        """Take a run in; what stands before a block is complete."""
        if run.text:
            self._waiting += run.text
            return
        self._cut(len(self._waiting))
        if not run.is_whole:
            self._whole.append(TextPart(self._start, self._start + run.length, ""))
        self._start += run.length

    def _cut(self, length: int) -> None:
        """Let so much of the waiting text be spoken."""
        text, self._waiting = self._waiting[:length], self._waiting[length:]
        self._looked_at = 0
        if text.strip():
            following = self._waiting[:_FOLLOWING]
            self._whole.append(TextPart(self._start, self._start + length, text, following))
            self._whole_characters += length
        self._start += length

    async def _complete(self) -> int:
        """Return where the last sentence begins: all before it is complete, markup as well."""
        text, start = self._waiting, self._start
        if len(text) > _SHORT and (len(text) - self._looked_at) * _GROWTH < len(text):
            return 0
        self._looked_at = len(text)
        found = await asyncio.get_running_loop().run_in_executor(_LOOKING, complete, text)
        is_there = self._start == start and self._waiting.startswith(text)  # nobody has flushed meanwhile
        return found if is_there else 0
