"""Assembles text that arrives in pieces into complete sentences."""

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
"""The start of a terminal escape sequence, which the next piece may complete; it is not spoken."""
_LONGEST_SEQUENCE = 500
"""Upper bound for the characters of such a sequence: a longer one is spoken as text."""
_SHORT = 400
"""Characters: a waiting text up to this length is searched again with every piece."""
_MOST_WHOLE = 1_000
"""Upper bound for waiting parts that were flushed."""
_SEARCHERS = ThreadPoolExecutor(2, thread_name_prefix="text")
"""Threads that search text for sentences, which would block the event loop."""
_FOLLOWING = 200
"""Characters after a part that determine its pause."""
_GROWTH = 16
"""A longer waiting text is searched again once it has grown by 1/16, so that the total time stays linear."""


class TextFeed:
    """Collects pieces; ``take`` returns complete sentences as soon as possible.

    A sentence is complete once the next one has begun: until then its full stop may belong to an
    abbreviation. ``<think>`` blocks are left out, and surrogate halves are joined across pieces.
    """

    def __init__(self, max_characters: int, held: HeldText) -> None:
        """``held`` counts the waiting characters."""
        self._max_characters = max_characters
        self._held = held
        self._is_dropped = False
        self._thoughts = Thoughts(max_characters)
        self._half = ""
        self._whole: deque[TextPart] = deque()
        """Parts ready to be spoken, complete sentences or flushed text."""
        self._whole_characters = 0
        self._waiting = ""
        self._searched = 0
        """Length of the waiting text at the last search, which found no complete sentence."""
        self._start = 0
        """Offset of the waiting text, in characters of all pieces joined."""
        self._is_closed = False
        self._changed = asyncio.Event()

    def add(self, text: str) -> None:
        """Add a piece; raises ``TextTooLong`` if more would wait than one request may have.

        Raises ``Overloaded`` if more would wait than the connection or the server may have.
        """
        if self._is_dropped:
            return
        wanted = self._length() + len(text)
        if wanted > self._max_characters:
            raise TextTooLong(
                f"text: more than {self._max_characters:,} characters are waiting: send the text more slowly."
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
        """Release the waiting text, though its sentence may be incomplete.

        Raises ``Overloaded`` beyond ``_MOST_WHOLE`` parts, since a part costs more memory than its text.
        """
        if len(self._whole) >= _MOST_WHOLE:
            raise Overloaded(
                f"This request has {_MOST_WHOLE} parts waiting: flush again once some are spoken."
            )
        begun = _BEGUN_SEQUENCE.search(self._waiting, max(len(self._waiting) - _LONGEST_SEQUENCE, 0))
        self._cut(begun.start() if begun else len(self._waiting))
        self._changed.set()

    def close(self) -> None:
        """Mark the end of the text."""
        for run in [*self._thoughts.feed(whole_characters(self._half)), *self._thoughts.end()]:
            self._append(run)
        self._cut(len(self._waiting))
        self._is_closed = True
        self._changed.set()

    def drop(self) -> None:
        """Discard the waiting text, and ignore all further pieces."""
        self._is_dropped = True
        self._whole.clear()
        self._whole_characters = 0
        self._thoughts = Thoughts(0)
        self._waiting = self._half = ""
        self._held.hold(0)
        self._changed.set()

    async def take(self) -> TextPart | None:
        """Wait for the next part and return it; None after the last."""
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
        """Return the number of characters held, including those of an unspoken block."""
        held_back = self._thoughts.kept_characters + len(self._half)
        return len(self._waiting) + self._whole_characters + held_back

    def _let_go(self) -> None:
        """Reduce the count to the characters that are still held."""
        self._held.hold(min(self._held.characters, self._length()))

    def _append(self, run: Run) -> None:
        """Append a run; a block completes the text before it."""
        if run.text:
            self._waiting += run.text
            return
        self._cut(len(self._waiting))
        if not run.is_whole:
            self._whole.append(TextPart(self._start, self._start + run.length, ""))
        self._start += run.length

    def _cut(self, length: int) -> None:
        """Make the first ``length`` characters of the waiting text a part to speak."""
        text, self._waiting = self._waiting[:length], self._waiting[length:]
        self._searched = 0
        if text.strip():
            following = self._waiting[:_FOLLOWING]
            self._whole.append(TextPart(self._start, self._start + length, text, following))
            self._whole_characters += length
        self._start += length

    async def _complete(self) -> int:
        """Return the offset of the last sentence; the text before it is complete, as is its markup."""
        text, start = self._waiting, self._start
        if len(text) > _SHORT and (len(text) - self._searched) * _GROWTH < len(text):
            return 0
        self._searched = len(text)
        found = await asyncio.get_running_loop().run_in_executor(_SEARCHERS, complete, text)
        is_there = self._start == start and self._waiting.startswith(text)  # not flushed meanwhile
        return found if is_there else 0
