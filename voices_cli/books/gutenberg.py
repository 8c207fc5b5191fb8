"""What Project Gutenberg's volunteers put around and into a book: licence, credits, notes, marks."""

import re

_START = re.compile(
    r"^\W*(?:START OF (?:THE|THIS) PROJECT GUTENBERG|END[* ]+THE SMALL PRINT|START OF (?:THE|THIS) E-?BOOK)",
    re.IGNORECASE,
)
_END = re.compile(
    r"^\W*END OF (?:THE |THIS )?PROJECT GUTENBERG|^\W*START: FULL LICENSE|^\W*\*\*\*\s*END OF (?:THE|THIS) E-?BOOK"
    r"|^THE FULL PROJECT GUTENBERG",
    re.IGNORECASE,
)


def is_start(text: str) -> bool:
    """Whether the book begins after this line."""
    return _START.match(text) is not None


def is_end(text: str) -> bool:
    """Whether the book has ended before this line."""
    return _END.match(text) is not None
