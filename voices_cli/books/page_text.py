"""The text of one block of a page, collected while elements open and close."""

import re

from voices_cli.books.headings import is_label, join_heading
from voices_cli.books.lines import join_verse
from voices_cli.books.scripts import plain_fractions

_LINE, _CELL = "\x1e", "\x1f"
"""Placeholders for ``<br>`` and the end of a table cell until the block is complete."""
_CONTROL = str.maketrans("", "", _LINE + _CELL)
_PARAGRAPHS = re.compile(rf"(?<!\s)(?:[^\S{_LINE}]*+{_LINE}){{2}}\s*+")
_BLANKS = re.compile(r"[^\S\x1e\x1f]+")
_EMPTY_BRACKETS = re.compile(r"[ \t]?(?:\[\s*\]|\(\s*\))")
"""Brackets left empty by a removed note mark."""
_CAN_BE_WORDS = {"A", "I", "O"}


class BlockText:
    """Text in parts, the last of which can be replaced; a drop cap waits for the rest of its word."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._filled = 0
        """Number of parts that are not blank."""
        self._first_letter = ""
        self._is_letter_alone = False

    def __len__(self) -> int:
        """Return the number of parts, the start index of the next one."""
        return len(self._parts)

    @property
    def waiting(self) -> str:
        """The drop cap whose word has not come yet."""
        return self._first_letter

    @property
    def is_blank(self) -> bool:
        """Whether the text so far is blank."""
        return not self._filled

    def add(self, text: str, *, keeps_lines: bool = False) -> None:
        """Add text; ``keeps_lines`` preserves its line breaks."""
        text = text.translate(_CONTROL)
        if self._first_letter and text.strip():
            text = self._with_first_letter(text)
        self._is_letter_alone = self._is_letter_alone and not text.strip()
        self._append(text.replace("\n", _LINE) if keeps_lines else text)

    def add_first_letter(self, letter: str) -> None:
        """Add a drop cap, which may be in a separate block."""
        if not self.is_blank:
            self._append(letter)
        elif letter.upper() in _CAN_BE_WORDS:
            self._is_letter_alone = True
            self._append(letter)
        else:
            self._first_letter = letter

    def end_line(self) -> None:
        """End a line."""
        self._parts.append(_LINE)

    def end_paragraph(self) -> None:
        """End a paragraph within the block, as in a table cell."""
        self._parts.append(_LINE * 2)

    def end_cell(self) -> None:
        """End a table cell."""
        self._parts.append(_CELL)

    def since(self, start: int) -> str:
        """Return the text from part ``start`` on."""
        return "".join(self._parts[start:])

    def before(self, start: int) -> str:
        """Return the last few parts before part ``start``."""
        return "".join(self._parts[max(start - 4, 0) : start])

    def replace(self, start: int, text: str) -> None:
        """Replace the text from part ``start`` on by ``text``."""
        self._filled -= sum(map(_is_filled, self._parts[start:]))
        del self._parts[start:]
        self._append(text)

    def take(self, *, is_heading: bool) -> list[str]:
        """Return the block's paragraphs and reset."""
        text, self._parts = _BLANKS.sub(" ", "".join(self._parts)), []
        self._filled = 0
        if self._is_letter_alone:
            self._is_letter_alone, self._first_letter = False, text.strip(f" {_LINE}{_CELL}")
            return []
        cells = [_PARAGRAPHS.split(cell.strip(f" {_LINE}")) for cell in text.split(_CELL)]
        join = _join_heading_lines if is_heading else join_verse
        lines = [[join(each.split(_LINE)) for each in cell if each.strip(f" {_LINE}")] for cell in cells]
        if all(len(cell) <= 1 for cell in lines):
            lines = [[_join_cells([cell[0] for cell in lines if cell])]]
        found = (_EMPTY_BRACKETS.sub("", plain_fractions(each)) for cell in lines for each in cell)
        return [each for each in found if each]

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._filled += _is_filled(text)

    def _with_first_letter(self, text: str) -> str:
        letter, self._first_letter = self._first_letter, ""
        rest = text.lstrip()
        is_word = letter.upper() in _CAN_BE_WORDS and (rest[0].isupper() or rest != text)
        return f"{letter} {rest}" if is_word else f"{letter}{rest}"


def _is_filled(part: str) -> bool:
    return bool(part.strip(f"{_LINE}{_CELL} \t\r\n"))


def _join_cells(cells: list[str]) -> str:
    parts: list[str] = []
    for cell in cells:
        if parts:
            parts.append(" " if parts[-1][-1:] in ".,;:!?" else ", ")
        parts.append(cell)
    return "".join(parts)


def _join_heading_lines(lines: list[str]) -> str:
    kept = [stripped for each in lines if (stripped := each.strip())]
    if len(kept) > 1 and is_label(kept[0]):
        return join_heading(kept[0], " ".join(kept[1:]))
    return " ".join(kept)
