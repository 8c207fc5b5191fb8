"""The ``<think>`` blocks of language models, which are not spoken: their tags, and text in pieces.

The client removes the same blocks before sending, by a list of its own.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "antml:thinking", "scratchpad")
"""Elements that contain thoughts."""
MARKS = {"[THINK]": "[/THINK]", "\u25c1think\u25b7": "\u25c1/think\u25b7"}
"""Other signs that open thoughts, each with its closing sign."""

_LONGEST = 200_000
"""Characters in which thoughts without an opening tag are searched for."""
_NAMED = "|".join(NAMES)
_LONE_END = re.compile(rf"(?<!`)(?:</(?:{_NAMED})\s*+>|{'|'.join(map(re.escape, MARKS.values()))})(?!`)")
_ANY_BEGIN = re.compile(rf"<(?:{_NAMED})[\s>]|{'|'.join(map(re.escape, MARKS))}")

_CLOSINGS = {f"<{name}>": f"</{name}>" for name in NAMES} | {
    begin.lower(): end.lower() for begin, end in MARKS.items()
}
_OPENING = re.compile(rf"(?<!`)(?:{'|'.join(map(re.escape, _CLOSINGS))})", re.IGNORECASE)
_BEGINNINGS = sorted({re.escape(tag[:length]) for tag in _CLOSINGS for length in range(1, len(tag))})
_BEGUN = re.compile(rf"(?:`?(?:{'|'.join(_BEGINNINGS)})|`)\Z", re.IGNORECASE)
"""A possible start of an opening tag, including the backtick that would make it a quotation."""


def thought_end(text: str) -> int:
    """Return the start of an answer after thoughts that lack an opening tag, as models send them; else 0."""
    head = text[:_LONGEST]
    if not any(mark in head for mark in ("</", *MARKS.values())):
        return 0
    end = _LONE_END.search(head)
    begin = _ANY_BEGIN.search(text, 0, end.start()) if end else None
    return end.end() if end and not begin else 0


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of ``length`` characters of the fed text; ``text`` is empty for a block."""

    text: str
    length: int
    is_whole: bool = True
    """False for a block without an end."""


class Thoughts:
    """Takes text in pieces and separates its blocks from the rest, wherever it was cut. Takes linear time.

    A tag that is never closed opens a block only at the beginning of the text; elsewhere the text after it is
    spoken, up to ``most_kept`` characters.
    """

    def __init__(self, most_kept: int) -> None:
        self._most_kept = most_kept
        self._held = ""
        """The end of the fed text, which may be the start of a tag."""
        self._closing = ""
        """The tag that ends the open block; empty outside a block."""
        self._open_length = 0
        """Characters of the open block, without the held ones."""
        self._kept: list[str] = []
        """The open block, if it becomes text when it has no end."""
        self._has_begun = False

    @property
    def kept_characters(self) -> int:
        """Number of characters held back: a possible tag, and a block that will be text if never closed."""
        return len(self._held) + (self._open_length if self._kept else 0)

    def feed(self, piece: str) -> Iterator[Run]:
        """Take a piece and yield the runs that are certain by now."""
        text, self._held = self._held + piece, ""
        while text:
            text = yield from self._within(text) if self._closing else self._outside(text)

    def end(self) -> Iterator[Run]:
        """Yield the rest when no more text comes: held text, or a block without an end."""
        length = self._open_length + len(self._held)
        if self._closing and not self._kept:
            yield Run("", length, is_whole=False)
        elif rest := "".join(self._kept) + self._held:
            yield Run(rest, length)
        self._held, self._closing, self._open_length, self._kept = "", "", 0, []

    def _outside(self, text: str) -> Generator[Run, None, str]:
        """Yield the text before a block and return the rest, still to be examined."""
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
        """Yield the block if it ends here and return the rest, still to be examined."""
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
