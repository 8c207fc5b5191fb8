"""Finds the ends of sentences and paragraphs, in every script and lazily."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from worker.text.english.abbreviation_words import (
    ABBREVIATIONS_BEFORE_DOT,
    BEFORE_FIGURES,
    BEFORE_SMALL_LETTERS,
    ENDS_SENTENCES,
    NAMES_TOO,
    OPENING,
)
from worker.text.tags import TAG


class Pause(StrEnum):
    """The pause after a piece of text, from the shortest to the longest."""

    WORD = "word"
    CLAUSE = "clause"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text[start:end]``, without surrounding spaces."""

    start: int
    end: int
    pause: Pause


CLOSERS = "\"'”’»›)\\]}*_`」』】）》〉"
LONGEST_SENTENCE = 2_000
"""Characters: a text without a full stop is split into parts of this length."""

_STOPS = ".!?…‽⁇⁈⁉؟۔։።។"
_WIDE_STOPS = "。！？｡।॥"
_END = re.compile(
    rf"(?:(?<![{_STOPS}])(?P<stop>[{_STOPS}]++[{CLOSERS}]*+)(?=\s|[{_WIDE_STOPS}]|\Z)"
    rf"|(?P<wide>[{_WIDE_STOPS}]++[{CLOSERS}]*+)"
    r"|(?=[\n\r\f\v\u0085\u2028\u2029]))(?P<blank>\s*+)"
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n|[\f\v\u2029]|\r[^\S\r\n]*\r")
_LINE_OF_ITS_OWN = re.compile(
    r"[ \t]*(?:[-*+•‣◦–—>|▪●○■□◆▶►→➜➔➤✓✔✗✘✖☐☑☒✅❌][ \t]|\d{1,3}[.)][ \t]|[-*_=|`~]{3})"
)
_ITEM = re.compile(r"[ \t]{0,8}\(?(?P<mark>[A-Za-z]|[ivx]{1,5}|[IVX]{1,5})(?P<sign>[.)])[ \t]")
_NUMERALS = "i ii iii iv v vi vii viii ix x xi xii".split()  # noqa: SIM905
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]")
_LAST_WORD = re.compile(r"(?:^|[\s(\[{\"'“‘*_/–—-])((?:[^\W\d_]{1,2}\.)*\w+)\.\Z")
_NUMBERED_LINE = re.compile(r"(?:^|[\n\r])[ \t]*\d{1,3}\.\Z")
_NEXT_WORD = re.compile(r"\s++[\"'“‘(\[*_]*+(\w?+)(\w*+)")
_NUMERAL = re.compile(r"[IVXL]{2,}|[ivx]{2,}")
_AFTER_HOUR = re.compile(
    r"\s+(?:[A-Z]{2,4}\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|"
    r"July|August|September|October|November|December)"
)
_OPENING = re.compile(rf"\s+(?:{OPENING})\b")
_COURTESIES = {"Mr", "Mrs", "Ms", "Mx", "Dr"}
_NAME_TOO = re.compile(NAMES_TOO)
_LONGEST_ABBREVIATION = 24
_LONGEST_HEADING = 200
_SEAM = re.compile(r"[,;:،؛、，；：—–]\s|\s")


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences in order; only spaces lie between them."""
    start = 0
    for match in _END.finditer(text):
        if (pause := _pause_at(text, match)) is None:
            continue
        is_last = match.end() == len(text)
        yield from _bounded(text, start, match.end(), Pause.PARAGRAPH if is_last else pause)
        start = match.end()
    yield from _bounded(text, start, len(text), Pause.PARAGRAPH)


def _pause_at(text: str, match: re.Match[str]) -> Pause | None:
    line_break = _line_break(text, match) if match["blank"].strip(" \t") else None
    if line_break is None and (
        match["wide"] or (match["stop"] and _is_stop(text, match["stop"], match.end("stop")))
    ):
        return Pause.SENTENCE
    return line_break


def _line_break(text: str, match: re.Match[str]) -> Pause | None:
    if _PARAGRAPH.search(match["blank"]) or _HEADING.match(text, _line_start(text, match.end())):
        return Pause.PARAGRAPH
    if _HEADING.match(text, _line_start(text, match.start("blank"))):
        return Pause.PARAGRAPH
    if _is_next_item(text, _line_start(text, match.start("blank")), match.end()):
        return Pause.SENTENCE
    # Other lines continue: e-mails and old books are wrapped.
    return Pause.SENTENCE if _LINE_OF_ITS_OWN.match(text, match.end()) else None


def _is_next_item(text: str, line: int, next_line: int) -> bool:
    """Whether two lines are items of a list by letters or numerals: "B. Lyon" after "A. Paris"."""
    this, following = _ITEM.match(text, line), _ITEM.match(text, next_line)
    if not (this and following) or this["sign"] != following["sign"]:
        return False
    one, other = this["mark"], following["mark"]
    is_next_letter = len(one) == len(other) == 1 and ord(other) == ord(one) + 1
    return is_next_letter or (
        one.isupper() == other.isupper() and _next_numeral(one.lower()) == other.lower()
    )


def _next_numeral(numeral: str) -> str | None:
    at = _NUMERALS.index(numeral) + 1 if numeral in _NUMERALS else 0
    return _NUMERALS[at] if 0 < at < len(_NUMERALS) else None


def _line_start(text: str, position: int) -> int:
    """Return the start of the line, or a position in it if it is longer than any heading."""
    nearest = max(position - _LONGEST_HEADING, 0)
    return max(text.rfind("\n", nearest, position) + 1, nearest)


def _is_stop(text: str, mark: str, end: int) -> bool:
    if (dot := mark.rstrip("*_")) == ".":
        return _is_full_stop(text, end - len(mark) + len(dot))
    return mark not in {"...", "…"} or not _next_is_small(text, end)


def _is_full_stop(text: str, end: int) -> bool:
    """Whether the dot before ``end`` ends a sentence, and not only an abbreviation."""
    before = text[max(end - _LONGEST_ABBREVIATION, 0) : end]
    if _NUMBERED_LINE.search(before):
        return False
    word = found[1] if (found := _LAST_WORD.search(before)) else ""
    following = found[1] + found[2] if (found := _NEXT_WORD.match(text, end)) else ""
    if (word in BEFORE_FIGURES and (following[:1].isdigit() or _NUMERAL.fullmatch(following))) or (
        word in BEFORE_SMALL_LETTERS and following[:1].islower()
    ):
        return False
    is_initial = len(word) == 1 and word.isalpha() and word not in {"I", "a"}
    if not (is_initial or "." in word or word in ABBREVIATIONS_BEFORE_DOT):
        return True
    if word in ENDS_SENTENCES:
        is_capital = following[:1].isupper() and following not in ABBREVIATIONS_BEFORE_DOT
        return is_capital and not _AFTER_HOUR.match(text, end)
    is_name_or_numeral = (
        word == "vs"
        or (word in _COURTESIES and _NAME_TOO.fullmatch(following))
        or (word in BEFORE_FIGURES and following == "I" and word != "No")
    )
    return not is_name_or_numeral and bool(_OPENING.match(text, end))


def _next_is_small(text: str, end: int) -> bool:
    found = _NEXT_WORD.match(text, end)
    return found is not None and found[1].islower()


def _bounded(text: str, start: int, end: int, pause: Pause) -> Iterator[Sentence]:
    """Yield ``text[start:end]`` trimmed, in parts if it is longer than a sentence may be."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST_SENTENCE:
        cut = _seam(text, start, start + LONGEST_SENTENCE)
        yield Sentence(start, cut, Pause.WORD)
        start = cut
        while text[start].isspace():
            start += 1
    if start < end:
        yield Sentence(start, end, pause)


def _seam(text: str, start: int, end: int) -> int:
    """Return the last position in ``text[start:end]`` where a cut does the least harm."""
    tags = [match.span() for match in TAG.finditer(text, start, min(end + 40, len(text)))]
    blanks = [
        match.end()
        for match in _SEAM.finditer(text, (start + end) // 2, end)
        if not any(first < match.end() < last for first, last in tags)
    ]
    if blanks:
        return blanks[-1]
    return next((first for first, last in tags if start < first < end < last), end)
