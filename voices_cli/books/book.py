"""A book for narration: title, author, and chapters of paragraphs."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from voices.errors import InvalidRequest

MOST_CHARACTERS = 10_000_000
"""Upper bound of a book; the longest novels have three million."""

_FIRST_CHARACTERS = 60
_BLANKS = re.compile(r"\s+")
_UNSPOKEN_CATEGORIES = {"Cc", "Cs"}
"""Control characters and unpaired surrogates, which a worker rejects."""


class InvalidBook(InvalidRequest):
    """The file is not a readable book."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="book")


@dataclass(frozen=True)
class Chapter:
    """A chapter; its title is not one of the paragraphs."""

    title: str | None
    """None for the text before the first heading."""
    paragraphs: tuple[str, ...]
    """Without line breaks; one without a letter or digit, such as ``* * *``, separates scenes."""

    @property
    def characters(self) -> int:
        """Characters to speak, including the title."""
        return len(self.title or "") + sum(map(len, self.paragraphs))


@dataclass(frozen=True)
class Book:
    """A book; without headings it has one chapter."""

    title: str
    author: str | None
    chapters: tuple[Chapter, ...]
    warnings: tuple[str, ...] = ()
    """Sentences about the parts of the file that could not be read."""

    @property
    def characters(self) -> int:
        """Characters to speak."""
        return sum(chapter.characters for chapter in self.chapters)


def make_book(
    title: str,
    author: str | None,
    chapters: Iterable[tuple[str | None, list[str]]],
    warnings: Iterable[str] = (),
) -> Book:
    """Clean a reader's chapters and drop empty ones; raises ``InvalidBook`` if nothing is left."""
    kept = []
    for heading, paragraphs in chapters:
        clean = tuple(each for paragraph in paragraphs if (each := clean_line(paragraph)))
        name = clean_line(heading or "") or None
        if name or any(map(is_spoken, clean)):
            kept.append(Chapter(name, clean))
    book = Book(
        clean_line(title) or "Untitled", clean_line(author or "") or None, tuple(kept), tuple(warnings)
    )
    if not any(is_spoken(text) for chapter in kept for text in (chapter.title or "", *chapter.paragraphs)):
        raise InvalidBook("The book has no text.")
    check_length(book.characters)
    return book


def check_length(characters: int) -> None:
    """Raise ``InvalidBook`` above ``MOST_CHARACTERS``."""
    if characters > MOST_CHARACTERS:
        raise InvalidBook(f"The book has more than {MOST_CHARACTERS:,} characters.")


def clean_line(text: str) -> str:
    """Return ``text`` on one line, without control characters and unpaired surrogates."""
    spoken = (
        character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _UNSPOKEN_CATEGORIES
    )
    return _BLANKS.sub(" ", "".join(spoken)).strip()


def first_words(text: str) -> str:
    """Return a text's first whole words, at most 60 characters, by which a person can find it."""
    if len(text) <= _FIRST_CHARACTERS:
        return text.replace("\n\n", " ")
    return f"{text[:_FIRST_CHARACTERS].rsplit(maxsplit=1)[0].replace(chr(10), ' ')} …"


def is_spoken(text: str) -> bool:
    """Whether the text has a letter or digit."""
    return any(character.isalnum() for character in text)
