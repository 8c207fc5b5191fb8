"""Paragraphs of plain text: finds their ends, recognises verse, and removes page numbers."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from voices_cli.books.headings import lone_number
from voices_cli.books.lines import join_verse, join_wrapped

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_CUT_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]++-\n\s*+[^\W\d_]++")
_LONG_LINE = 200
"""Characters. Lines are never wrapped at this length, so a longer line is a paragraph."""
_FEW_BLANK_LINES = 0.02
_FEWEST_LINES = 20
_VERSE_WIDTH = 0.8
"""Longest line of a verse, as a share of the usual length of a full line."""
_FEWEST_PAGES = 5
_SENTENCE_END = frozenset(".!?:…\"”’')]—*-")
_PAGE_NUMBER = re.compile(
    r"(?:page\s++|pg\.?\s*+)?[-–—\[(]?\s*+(?P<number>\d{1,4})\s*+[-–—\])]?", re.IGNORECASE
)
_CUT_PAGES = 0.2
"""Least share of page numbers that interrupt a sentence."""


def text_blocks(lines: Sequence[str]) -> list[str]:
    """Divide lines into blocks at blank lines; without those, at indented lines and long lines."""
    filled = [line for line in lines if line.strip()]
    is_indented = False
    if len(lines) > _FEWEST_LINES and len(lines) - len(filled) < _FEW_BLANK_LINES * len(lines):
        share = sum(line[0].isspace() for line in filled) / len(filled)
        is_indented = 0 < share < 0.7  # noqa: PLR2004 - only the first lines of paragraphs are indented
    blocks: list[list[str]] = [[]]
    for line in lines:
        ends = not line.strip() or (is_indented and line[0].isspace()) or len(line) > _LONG_LINE
        if ends or (blocks[-1] and len(blocks[-1][-1]) > _LONG_LINE):
            blocks.append([])
        if line.strip():
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks if block]


def without_page_numbers(blocks: Sequence[str]) -> list[str]:
    """Remove page numbers and join the paragraphs that they interrupt; chapter numbers stay.

    Page numbers are recognised because they count up and some of them interrupt a sentence.
    """
    numbers = {
        at: int(match["number"])
        for at, block in enumerate(blocks)
        if (match := _PAGE_NUMBER.fullmatch(block.strip()))
    }
    values = list(numbers.values())
    is_counting = all(after - one in {1, 2} for one, after in pairwise(values))
    cut = [at for at in numbers if at and not _ends_sentence(blocks[at - 1]) and at - 1 not in numbers]
    if len(numbers) < _FEWEST_PAGES or not is_counting or len(cut) < _CUT_PAGES * len(numbers):
        return list(blocks)
    kept: list[list[str]] = []
    for at, block in enumerate(blocks):
        if at in numbers:
            continue
        follows = (
            at - 1 in numbers
            and kept
            and not _ends_sentence(kept[-1][-1])
            and (len(kept[-1]) > 1 or lone_number(kept[-1][0]) is None)
        )
        if follows and block.lstrip()[:1].islower():
            kept[-1].append(block.lstrip())
        else:
            kept.append([block])
    return ["\n".join(each) for each in kept]


def _ends_sentence(text: str) -> bool:
    return text.rstrip()[-1:] in _SENTENCE_END


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, without those that a line end may have divided."""
    return frozenset(match.group().lower() for match in _WORD.finditer(_CUT_WORD.sub("", text)))


def usual_width(blocks: Sequence[str]) -> float:
    """Return the usual length of full lines, those that are followed by another; 0 without wrapped lines."""
    widths = sorted(len(line.strip()) for block in blocks for line in block.split("\n")[:-1])
    return float(widths[len(widths) * 3 // 4]) if widths else 0.0


def one_line(block: str, words: Collection[str], width: float) -> str:
    """Join a paragraph's lines to one."""
    lines = block.split("\n")
    return join_verse(lines) if _is_verse(lines, width) else join_wrapped(lines, words)


def _is_verse(lines: Sequence[str], width: float) -> bool:
    """Whether lines are verse: all are short and most begin with a capital."""
    stripped = [line.strip().lstrip("\"'“‘(_") for line in lines]
    if len(lines) < 2 or max(map(len, stripped)) > _VERSE_WIDTH * width:  # noqa: PLR2004
        return False
    capitals = sum(line[:1].isupper() for line in stripped)
    return capitals * 3 >= len(lines) * 2
