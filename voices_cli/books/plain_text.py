"""Plain text: paragraphs between blank lines, and headings by how they look."""

import re

from voices_cli.books.book import Book, make_book

_LONGEST_HEADING = 80
_NUMBER = r"(?:\d{1,4}|[IVXLC]{1,8}|[A-Za-z]+(?:-[A-Za-z]+)?)"
_HEADING = re.compile(
    rf"(?:(?:chapter|part|book|letter|canto|act|kapitel|teil|chapitre|capítulo|capitolo)\s+{_NUMBER}\b.*"
    r"|prologue|epilogue|preface|foreword|introduction|afterword|prolog|epilog|vorwort|nachwort"
    r"|[IVXLC]{1,8}\.?)",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"[IVXLC]{1,8}\.?")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_TITLE = re.compile(r"^Title:\s*(\S.*)$", re.MULTILINE)
_AUTHOR = re.compile(r"^Author:\s*(\S.*)$", re.MULTILINE)
_HEAD_CHARACTERS = 2_000


def read_plain_text(text: str, name: str) -> Book:
    """Read a text; ``name`` is its title where it does not say one, as Project Gutenberg's do."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = [block for block in _BLANK_LINES.split(text.strip()) if block.strip()]
    chapters: list[tuple[str | None, list[str]]] = [(None, [])]
    for block in blocks:
        if _is_heading(block):
            chapters.append((block, []))
        else:
            chapters[-1][1].append(block)
    head = text[:_HEAD_CHARACTERS]
    title, author = _TITLE.search(head), _AUTHOR.search(head)
    return make_book(title[1] if title else name, author[1] if author else None, chapters)


def _is_heading(block: str) -> bool:
    """Whether a paragraph is one short line that says "Chapter 1", "IV." or the like, or is in capitals."""
    line = block.strip()
    if "\n" in line or len(line) > _LONGEST_HEADING:
        return False
    if _HEADING.fullmatch(line):
        # A lone "I" or "mix" is a Roman number only in capitals.
        return not re.fullmatch(r"[ivxlc]+\.?", line, re.IGNORECASE) or bool(_ROMAN.fullmatch(line))
    letters = [character for character in line if character.isalpha()]
    return len(letters) > 3 and line.isupper() and line[-1] not in ".,;:!?\"'”’"  # noqa: PLR2004
