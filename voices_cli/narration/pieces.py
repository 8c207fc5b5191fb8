"""Pieces: the parts of a book that are spoken in one request each; a narration resumes at a piece."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatterpod.sentences import SentenceCutter
from voices_cli.books.book import Book, Chapter, is_spoken
from voices_cli.books.headings import spoken_heading

PIECE_CHARACTERS = 1_500
"""About two minutes of speech, the most that an interruption costs. The level is constant in a piece."""

SENTENCE_SECONDS = 0.3
PARAGRAPH_SECONDS = 0.65
TITLE_SECONDS = 1.0
SCENE_SECONDS = 1.5
CHAPTER_SECONDS = 2.5


@dataclass(frozen=True)
class Piece:
    """A part of a chapter with the pause after it."""

    chapter: int
    """Counted from 0."""
    text: str
    pause_seconds: float
    position: int = 0
    """Characters of the chapter before the piece, in its title and paragraphs."""


def pieces(book: Book) -> Iterator[Piece]:
    """Yield the whole book in order: titles, as many paragraphs as fit, and long paragraphs in parts."""
    is_lettered = _has_letters(book)
    for number, chapter in enumerate(book.chapters):
        found = list(_chapter_pieces(chapter, is_lettered=is_lettered))
        for at, (text, pause, position) in enumerate(found):
            yield Piece(number, text, CHAPTER_SECONDS if at == len(found) - 1 else pause, position)


def _has_letters(book: Book) -> bool:
    """Whether chapters are named A, B, C, so that C and I are not Roman numerals."""
    alone = {(chapter.title or "").strip(" .") for chapter in book.chapters}
    return any(len(title) == 1 and title.isalpha() and title not in "IVXLCDM" for title in alone)


def _chapter_pieces(chapter: Chapter, *, is_lettered: bool) -> Iterator[tuple[str, float, int]]:
    """Yield texts, the pauses after them, and their positions in the chapter."""
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
            # The worker turns a blank line into a paragraph's pause.
            held = f"{held}\n\n{rest}" if held else rest
        position += len(paragraph)
    if held:
        yield held, PARAGRAPH_SECONDS, begin


def _split(paragraph: str) -> Iterator[tuple[str, int]]:
    """Yield a paragraph that is too long for one piece in parts, cut after sentences, else at blanks.

    Each part comes with the number of characters before it.
    """
    at = 0
    while len(paragraph) - at > PIECE_CHARACTERS:
        window = paragraph[at : at + PIECE_CHARACTERS]
        complete = sum(map(len, SentenceCutter(PIECE_CHARACTERS).feed(window)))
        length = complete or window.rfind(" ") + 1 or PIECE_CHARACTERS
        yield window[:length].strip(), at
        at += length
    yield paragraph[at:].strip(), at
