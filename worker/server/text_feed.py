"""Text that arrives in pieces, given out in whole sentences."""

import asyncio

from worker.errors import TextTooLong
from worker.text.sentences import sentences


class TextFeed:
    """Gathers pieces; ``take`` gives out every sentence that is surely complete, as soon as one is.

    A sentence is complete once the next one has begun: only then is a full stop known to be none of
    an abbreviation's.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._waiting = ""
        self._flushed = 0
        """So many of the waiting characters are to be spoken, sentence or not."""
        self._is_closed = False
        self._changed = asyncio.Event()

    def add(self, text: str) -> None:
        """Take a piece in; raises ``TextTooLong`` when more waits than one request may have."""
        if len(self._waiting) + len(text) > self._max_characters:
            raise TextTooLong(
                f"text: more than {self._max_characters:,} characters are waiting: send it more slowly."
            )
        self._waiting += text
        self._changed.set()

    def flush(self) -> None:
        """Have what is there spoken, though its sentence may go on."""
        self._flushed = len(self._waiting)
        self._changed.set()

    def close(self) -> None:
        """Say that no more text comes."""
        self._is_closed = True
        self.flush()

    async def take(self) -> str | None:
        """Wait for text to speak and return all of it that is complete; None after the last."""
        while True:
            end = max(self._flushed, self._complete())
            if end:
                taken, self._waiting, self._flushed = self._waiting[:end], self._waiting[end:], 0
                if taken.strip():
                    return taken
                continue
            if self._is_closed:
                return None
            self._changed.clear()
            await self._changed.wait()

    def _complete(self) -> int:
        """Return where the last sentence begins: all before it is complete."""
        begins = [sentence.start for sentence in sentences(self._waiting)]
        return begins[-1] if len(begins) > 1 else 0
