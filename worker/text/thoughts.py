"""The ``<think>`` blocks of language models, which are not to be heard: their tags, and text in pieces.

The client leaves the same blocks out of what it sends, by a list of its own.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "antml:thinking", "scratchpad")
"""Elements that hold thoughts."""
MARKS = {"[THINK]": "[/THINK]", "\u25c1think\u25b7": "\u25c1/think\u25b7"}
"""Other signs that begin thoughts, and the one that ends them."""

_LONGEST = 200_000
"""Characters in which thoughts without a beginning are looked for."""
_NAMED = "|".join(NAMES)
_LONE_END = re.compile(rf"(?<!`)(?:</(?:{_NAMED})\s*+>|{'|'.join(map(re.escape, MARKS.values()))})(?!`)")
_ANY_BEGIN = re.compile(rf"<(?:{_NAMED})[\s>]|{'|'.join(map(re.escape, MARKS))}")

_CLOSINGS = {f"<{name}>": f"</{name}>" for name in NAMES} | {
    begin.lower(): end.lower() for begin, end in MARKS.items()
}
_OPENING = re.compile(rf"(?<!`)(?:{'|'.join(map(re.escape, _CLOSINGS))})", re.IGNORECASE)
_BEGINNINGS = sorted({re.escape(tag[:length]) for tag in _CLOSINGS for length in range(1, len(tag))})
_BEGUN = re.compile(rf"(?:`?(?:{'|'.join(_BEGINNINGS)})|`)\Z", re.IGNORECASE)
"""What may be the beginning of an opening tag, with the backtick that makes it a quotation."""


def thought_end(text: str) -> int:
    """Return where an answer begins whose thoughts end and have no beginning, as models send it; else 0."""
    head = text[:_LONGEST]
    if not any(mark in head for mark in ("</", *MARKS.values())):
        return 0
    end = _LONE_END.search(head)
    begin = _ANY_BEGIN.search(text, 0, end.start()) if end else None
    return end.end() if end and not begin else 0


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of ``length`` characters of what was fed; ``text`` is empty where it is a block."""

    text: str
    length: int
    is_whole: bool = True
    """False for a block without an end."""


class Thoughts:
    """Takes text in pieces and tells its blocks from the rest, wherever it was cut. Takes linear time.

    A tag that is never closed begins a block at the text's beginning alone; elsewhere what follows it is
    text, as long as ``most_kept`` characters.
    """

    def __init__(self, most_kept: int) -> None:
        self._most_kept = most_kept
        self._held = ""
        """The end of what was fed, which may be the beginning of a tag."""
        self._closing = ""
        """The tag that ends the open block; empty outside of one."""
        self._open_length = 0
        """Characters of the open block, without what is held."""
        self._kept: list[str] = []
        """The open block, where it will be text if it has no end."""
        self._has_begun = False

    @property
    def kept_characters(self) -> int:
        """How many characters are held back: what may be a tag, and what will be text without one."""
        return len(self._held) + (self._open_length if self._kept else 0)

    def feed(self, piece: str) -> Iterator[Run]:
        """Take a piece in, and yield what is known of it and of what was held."""
        text, self._held = self._held + piece, ""
        while text:
            text = yield from self._within(text) if self._closing else self._outside(text)

    def end(self) -> Iterator[Run]:
        """Yield what is left when no more text comes: what was held, or a block without an end."""
        length = self._open_length + len(self._held)
        if self._closing and not self._kept:
            yield Run("", length, is_whole=False)
        elif rest := "".join(self._kept) + self._held:
            yield Run(rest, length)
        self._held, self._closing, self._open_length, self._kept = "", "", 0, []

    def _outside(self, text: str) -> Generator[Run, None, str]:
        """Yield what stands before a block, and return what is left to look at."""
        opening = _OPENING.search(text)
        match = opening or _BEGUN.search(text)
        begin = match.start() if match else len(text)
        if begin:
            self._has_begun = self._has_begun or any(map(str.isalnum, text[:begin]))
            yield Run(text[:begin], begin)
        if opening:
            tag = opening.group()
            self._closing, self._open_length = _CLOSINGS[tag.lower()], len(tag)
            self._kept = [tag] if self._has_begun else []
            return text[opening.end() :]
        self._held = text[begin:]
        return ""

    def _within(self, text: str) -> Generator[Run, None, str]:
        """Yield the block if it ends here, and return what is left to look at."""
        if match := re.search(re.escape(self._closing), text, re.IGNORECASE):
            length = self._open_length + match.end()
            self._closing, self._open_length, self._kept = "", 0, []
            yield Run("", length)
            return text[match.end() :]
        begin = max(len(text) - len(self._closing) + 1, 0)
        self._open_length += begin
        if self._open_length > self._most_kept:
            self._kept = []
        if self._kept:
            self._kept.append(text[:begin])
        self._held = text[begin:]
        return ""
