"""Pieces: what of a book is spoken in one request, and what a narration that was interrupted goes on from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from voices_cli.books.book import Book, Chapter, is_spoken
from voices_cli.books.headings import spoken_heading

PIECE_CHARACTERS = 1_500
"""About two minutes of speech: an interruption costs no more. The voice's level is kept within a piece."""

SENTENCE_SECONDS = 0.3
PARAGRAPH_SECONDS = 0.65
TITLE_SECONDS = 1.0
SCENE_SECONDS = 1.5
CHAPTER_SECONDS = 2.5

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])[”’」』）]*")
_ABBREVIATION = re.compile(r"\b[A-Z][a-z]{0,3}\.\s+\Z")
"""What may be one: a cut before a name would be heard."""
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Piece:
    """A part of a chapter, and the pause after it."""

    chapter: int
    """Counted from 0."""
    text: str
    pause_seconds: float
    position: int = 0
    """How many characters of its chapter come before it, of the title and the paragraphs."""


def pieces(book: Book) -> Iterator[Piece]:
    """Yield the whole book in order: titles, and paragraphs as many as fit; a long one in sentences."""
    is_lettered = _has_letters(book)
    for number, chapter in enumerate(book.chapters):
        found = list(_chapter_pieces(chapter, is_lettered=is_lettered))
        for at, (text, pause, position) in enumerate(found):
            yield Piece(number, text, CHAPTER_SECONDS if at == len(found) - 1 else pause, position)


def _has_letters(book: Book) -> bool:
    """Whether chapters are called A, B, C: then C and I are no Roman numerals."""
    alone = {(chapter.title or "").strip(" .") for chapter in book.chapters}
    return any(len(title) == 1 and title.isalpha() and title not in "IVXLCDM" for title in alone)


def _chapter_pieces(chapter: Chapter, *, is_lettered: bool) -> Iterator[tuple[str, float, int]]:
    """Yield texts, the pauses after them, and where in the chapter they begin."""
    position = len(chapter.title or "")
    if chapter.title is not None and is_spoken(chapter.title):
        is_letter = is_lettered and len(chapter.title.strip(" .")) == 1
        yield chapter.title if is_letter else spoken_heading(chapter.title), TITLE_SECONDS, 0
    held, begin = "", position
    for paragraph in chapter.paragraphs:
        is_scene = not is_spoken(paragraph)
        if held and (is_scene or len(held) + len(paragraph) > PIECE_CHARACTERS):
            yield held, SCENE_SECONDS if is_scene else PARAGRAPH_SECONDS, begin
            held = ""
        if not is_scene:
            *complete, (rest, offset) = _split(paragraph)
            for part, at in complete:
                yield part, SENTENCE_SECONDS, position + at
            begin = begin if held else position + offset
            # A blank line: the worker makes a paragraph's pause of it.
            held = f"{held}\n\n{rest}" if held else rest
        position += len(paragraph)
    if held:
        yield held, PARAGRAPH_SECONDS, begin


def _split(paragraph: str) -> Iterator[tuple[str, int]]:
    """Yield a paragraph, in parts at sentences, else at blanks, where it is too long for one piece.

    Each part comes with the number of characters before it.
    """
    at = 0
    while len(paragraph) - at > PIECE_CHARACTERS:
        limit = at + PIECE_CHARACTERS
        ends = [
            match.end()
            for match in _SENTENCE_END.finditer(paragraph, at, limit)
            if match.end() > at and not _ABBREVIATION.search(paragraph, max(match.end() - 8, at), match.end())
        ]
        blanks = [match.end() for match in _BLANK.finditer(paragraph, at, limit)]
        cut = max(ends, default=0) or max(blanks, default=0) or limit
        yield paragraph[at:cut].strip(), at
        at = cut
    yield paragraph[at:].strip(), at
