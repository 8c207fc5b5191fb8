"""Project Gutenberg's additions to a book: licence, credits, notes and marks."""

import re

_START = re.compile(
    r"^\W*(?:START OF (?:THE|THIS) (?:PROJECT GUTENBERG|E-?BOOK)|END[* ]+THE SMALL PRINT)",
    re.IGNORECASE,
)
_END = re.compile(
    r"^\W*END OF (?:THE |THIS )?PROJECT GUTENBERG|^\W*START: FULL LICENSE"
    r"|^\W*\*\*\*\s*END OF (?:THE|THIS) E-?BOOK"
    r"|^THE FULL PROJECT GUTENBERG",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:This e-?(?:text|book) was )?(?:Produced|Prepared|Transcribed|Scanned|Digitized) "
    r"(?:and proofread )?by\b"
    r"|E-?text (?:prepared|scanned|produced) by\b|HTML version by\b|Updated editions will replace"
    r"|(?:The )?(?:Online )?Distributed Proofread",
    re.IGNORECASE,
)
_TRANSCRIBER = re.compile(r"\W*Transcriber(?:['’]?s|s['’])?[ ]*notes?\b", re.IGNORECASE)
_INSET = re.compile(
    r"\[\s*(?:Illustrations?|Frontispiece|Footnote|Transcriber(?:['’]?s|s['’])?[ ]+notes?|Decoration|Music|"
    r"Blank page)\b"
    r"[^\[\]]{0,4000}(?:\[[^\[\]]{0,200}\][^\[\]]{0,4000})*\]",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\[(?:Pg|p\.?|page)\s*\d{1,4}\]|\{\d{1,4}\}", re.IGNORECASE)
_NOTE_MARK = re.compile(r"(?<=[\w.,;:!?\"'”’])[ ]?\[(?:\d{1,3}|[A-H*†‡])\]")
_EMPHASIS = re.compile(r"(?<![\w_])_+(?=[^\s_])|(?<=[^\s_])_+(?![\w_])|(?<!\S)=(?=\w)|(?<=[\w.!?])=(?![\w=])")
_HEAD_LINES = 600
"""Start marks count only in these first lines; later ones would cut a book about Project Gutenberg."""
_FRONT_BLOCKS = 12


def book_lines(lines: list[str]) -> list[str]:
    """Return the lines between the start and end marks."""
    starts = [number for number, line in enumerate(lines[:_HEAD_LINES]) if _START.match(line)]
    begin = 0
    if starts:
        begin = starts[-1] + 1
        # The mark may be wrapped: "*** START OF ... EBOOK OF THE LONG / TITLE ***".
        if lines[starts[-1]].lstrip().startswith("***") and not lines[starts[-1]].rstrip().endswith("*"):
            begin += begin < len(lines) and lines[begin].rstrip().endswith("***")
    end = next((at for at in range(begin, len(lines)) if _END.match(lines[at])), len(lines))
    return lines[begin:end]


def without_insets(text: str) -> str:
    """Remove captions, bracketed notes, page numbers and emphasis marks."""
    for pattern in (_INSET, _PAGE, _NOTE_MARK):
        text = pattern.sub("", text)
    return _EMPHASIS.sub("", text)


def without_credits(blocks: list[str]) -> list[str]:
    """Remove credits at the beginning and transcriber's notes anywhere."""
    return [
        block
        for number, block in enumerate(blocks)
        if not _TRANSCRIBER.match(block) and not (number < _FRONT_BLOCKS and _CREDIT.match(block.strip()))
    ]


def is_start(text: str) -> bool:
    """Whether this line is the start mark, after which the book begins."""
    return _START.match(text) is not None


def is_end(text: str) -> bool:
    """Whether this line is the end mark, before which the book ended."""
    return _END.match(text) is not None
