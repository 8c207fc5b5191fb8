"""A text being prepared for speaking: edited, but with each character's place in the request's text."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Edit(NamedTuple):
    """Replaces the characters from ``start`` to ``end`` with ``text``."""

    start: int
    end: int
    text: str


class _Segment(NamedTuple):
    start: int
    end: int
    """The segment stands for this span of the request's text."""
    is_copy: bool
    """Whether it is copied character by character; otherwise it maps as a whole."""


class Draft:
    """A part of the request's text in its current state of preparation."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self.text = text
        """The current text."""
        self._offset = offset
        self._at: list[int] = [0] if text else []
        """The start of each segment in ``text``."""
        self._segments = [_Segment(offset, offset + len(text), is_copy=True)] if text else []

    def start(self, position: int) -> int:
        """Return where in the request's text the character at ``position`` begins."""
        if position >= len(self.text):
            return self.end(position)
        number = bisect_right(self._at, position) - 1
        segment = self._segments[number]
        return segment.start + (position - self._at[number] if segment.is_copy else 0)

    def end(self, position: int) -> int:
        """Return where in the request's text the character before ``position`` ends."""
        if not self._segments or position <= 0:
            return self._segments[0].start if self._segments else self._offset
        number = bisect_right(self._at, min(position, len(self.text)) - 1) - 1
        segment = self._segments[number]
        if not segment.is_copy:
            return segment.end
        return min(segment.start + position - self._at[number], segment.end)

    def edited(self, edits: Iterable[Edit]) -> "Draft":
        """Return the draft with ``edits`` applied; they are in order and do not overlap."""
        made = Draft("", self._offset)
        parts: list[str] = []
        length = position = 0

        def add(text: str, segment: _Segment) -> None:
            nonlocal length
            if text:
                parts.append(text)
                made._at.append(length)
                made._segments.append(segment)
                length += len(text)

        for edit in edits:
            for text, segment in self._copied(position, edit.start):
                add(text, segment)
            first = self.start(edit.start)
            last = self.end(edit.end) if edit.end > edit.start else first
            add(edit.text, _Segment(first, max(first, last), is_copy=False))
            position = edit.end
        if position == 0 and not parts:
            return self
        for text, segment in self._copied(position, len(self.text)):
            add(text, segment)
        made.text = "".join(parts)
        return made

    def sub(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], str | None]) -> "Draft":
        """Return the draft with every match of ``pattern`` replaced by ``read``; None leaves it alone."""
        edits = (
            Edit(match.start(), match.end(), text)
            for match in pattern.finditer(self.text)
            if (text := read(match)) is not None
        )
        return self.edited(edits)

    def _copied(self, start: int, end: int) -> Iterator[tuple[str, _Segment]]:
        """Yield ``text[start:end]`` segment by segment."""
        number = max(bisect_right(self._at, start) - 1, 0)
        while start < end:
            segment = self._segments[number]
            number += 1
            last = min(self._at[number] if number < len(self._at) else len(self.text), end)
            if segment.is_copy:
                first = segment.start + start - self._at[number - 1]
                segment = _Segment(first, first + last - start, is_copy=True)
            yield self.text[start:last], segment
            start = last
