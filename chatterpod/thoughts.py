"""Finding the `<think>` blocks of language models, which are not spoken, in text that comes in pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "antml:thinking", "scratchpad")
_CLOSINGS = {f"<{name}>": f"</{name}>" for name in _NAMES} | {
    "[think]": "[/think]",
    "\u25c1think\u25b7": "\u25c1/think\u25b7",
}
_OPENING = re.compile(rf"(?<!`)(?:{'|'.join(map(re.escape, _CLOSINGS))})", re.IGNORECASE)
_BEGINNINGS = sorted({re.escape(tag[:length]) for tag in _CLOSINGS for length in range(1, len(tag))})
_BEGUN = re.compile(rf"(?:`?(?:{'|'.join(_BEGINNINGS)})|`)\Z", re.IGNORECASE)
"""A possible start of an opening tag, including the backtick that would make it a quotation."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of the text; if `is_thought`, a block with its tags, which is not spoken."""

    text: str
    is_thought: bool = False


class Thoughts:
    """Separates blocks from the spoken text, wherever the text was cut into pieces.

    A tag that is never closed opens a block only at the beginning of the text; elsewhere it is spoken.
    """

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._block: list[str] = []
        self._has_begun = False

    def feed(self, piece: str) -> Iterator[Run]:
        """Take a piece and yield the runs that are certain by now."""
        text, self._held = self._held + piece, ""
        while text:
            text = yield from self._within(text) if self._closing else self._outside(text)

    def end(self) -> Iterator[Run]:
        """Yield the rest when no more text comes: held-back text, or a block without an end."""
        if rest := "".join(self._block) + self._held:
            yield Run(rest, is_thought=bool(self._closing) and not self._has_begun)
        self._held, self._closing, self._block = "", "", []

    def _outside(self, text: str) -> Generator[Run, None, str]:
        """Yield the text before a block and return the rest, still to be examined."""
        opening = _OPENING.search(text)
        match = opening or _BEGUN.search(text)
        begin = match.start() if match else len(text)
        if begin:
            self._has_begun = self._has_begun or any(map(str.isalnum, text[:begin]))
            yield Run(text[:begin])
        if opening:
            self._closing, self._block = _CLOSINGS[opening.group().lower()], [opening.group()]
            return text[opening.end() :]
        self._held = text[begin:]
        return ""

    def _within(self, text: str) -> Generator[Run, None, str]:
        """Yield the block if it ends here and return the rest, still to be examined."""
        if match := re.search(re.escape(self._closing), text, re.IGNORECASE):
            block = "".join(self._block) + text[: match.end()]
            self._closing, self._block = "", []
            yield Run(block, is_thought=True)
            return text[match.end() :]
        begin = max(len(text) - len(self._closing) + 1, 0)
        self._block.append(text[:begin])
        self._held = text[begin:]
        return ""
