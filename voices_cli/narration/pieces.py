"""Pieces: what of a book is spoken in one request, and what a narration that was interrupted goes on from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from voices_cli.books.book import Book, Chapter, is_spoken

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


def pieces(book: Book) -> Iterator[Piece]:
    """Yield the whole book in order: titles, and paragraphs as many as fit; a long one in sentences."""
    for number, chapter in enumerate(book.chapters):
        found = list(_chapter_pieces(chapter))
        for at, (text, pause) in enumerate(found):
            yield Piece(number, text, CHAPTER_SECONDS if at == len(found) - 1 else pause)


def _chapter_pieces(chapter: Chapter) -> Iterator[tuple[str, float]]:
    if chapter.title is not None and is_spoken(chapter.title):
        yield chapter.title, TITLE_SECONDS
    held = ""
    for paragraph in chapter.paragraphs:
        is_scene = not is_spoken(paragraph)
        if held and (is_scene or len(held) + len(paragraph) > PIECE_CHARACTERS):
            yield held, SCENE_SECONDS if is_scene else PARAGRAPH_SECONDS
            held = ""
        if is_scene:
            continue
        *complete, rest = _split(paragraph)
        for part in complete:
            yield part, SENTENCE_SECONDS
        # A blank line: the worker makes a paragraph's pause of it.
        held = f"{held}\n\n{rest}" if held else rest
    if held:
        yield held, PARAGRAPH_SECONDS


def _split(paragraph: str) -> Iterator[str]:
    """Yield a paragraph, in parts at sentences, else at blanks, where it is too long for one piece."""
    while len(paragraph) > PIECE_CHARACTERS:
        ends = [
            match.end()
            for match in _SENTENCE_END.finditer(paragraph, 0, PIECE_CHARACTERS)
            if not _ABBREVIATION.search(paragraph, max(match.end() - 8, 0), match.end())
        ]
        blanks = [match.end() for match in _BLANK.finditer(paragraph, 0, PIECE_CHARACTERS)]
        cut = max(ends, default=0) or max(blanks, default=0) or PIECE_CHARACTERS
        yield paragraph[:cut].strip()
        paragraph = paragraph[cut:]
    yield paragraph.strip()
