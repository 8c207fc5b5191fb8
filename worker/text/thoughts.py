"""The ``<think>`` blocks of language models, which are not to be heard, in text that comes in pieces."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "antml:thinking", "scratchpad")
_OPENING = re.compile(rf"(?<!`)<({'|'.join(_NAMES)})>", re.IGNORECASE)
_BEGINNINGS = sorted({f"<{name}>"[:length] for name in _NAMES for length in range(1, len(name) + 2)})
_BEGUN = re.compile(rf"(?:`?(?:{'|'.join(_BEGINNINGS)})|`)\Z", re.IGNORECASE)
"""What may be the beginning of an opening tag, with the backtick that makes it a quotation."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of ``length`` characters of what was fed; ``text`` is empty where it is a block."""

    text: str
    length: int
    is_whole: bool = True
    """False for a block without an end."""


class Thoughts:
    """Takes text in pieces and tells its blocks from the rest, wherever it was cut. Takes linear time."""

    def __init__(self) -> None:
        self._held = ""
        """The end of what was fed, which may be the beginning of a tag."""
        self._closing = ""
        """The tag that ends the open block; empty outside of one."""
        self._open_length = 0
        """Characters of the open block, without what is held."""

    def feed(self, piece: str) -> Iterator[Run]:
        """Take a piece in, and yield what is known of it and of what was held."""
        text, self._held = self._held + piece, ""
        while text:
            text = yield from self._within(text) if self._closing else self._outside(text)

    def end(self) -> Iterator[Run]:
        """Yield what is left when no more text comes: what was held, or a block without an end."""
        held, self._held = self._held, ""
        if self._closing:
            yield Run("", self._open_length + len(held), is_whole=False)
        elif held:
            yield Run(held, len(held))

    def _outside(self, text: str) -> Generator[Run, None, str]:
        """Yield what stands before a block, and return what is left to look at."""
        opening = _OPENING.search(text)
        match = opening or _BEGUN.search(text)
        begin = match.start() if match else len(text)
        if begin:
            yield Run(text[:begin], begin)
        if opening:
            self._closing, self._open_length = f"</{opening[1]}>", len(opening.group())
            return text[opening.end() :]
        self._held = text[begin:]
        return ""

    def _within(self, text: str) -> Generator[Run, None, str]:
        """Yield the block if it ends here, and return what is left to look at."""
        if match := re.search(re.escape(self._closing), text, re.IGNORECASE):
            self._closing = ""
            yield Run("", self._open_length + match.end())
            return text[match.end() :]
        begin = max(len(text) - len(self._closing) + 1, 0)
        self._open_length += begin
        self._held = text[begin:]
        return ""
