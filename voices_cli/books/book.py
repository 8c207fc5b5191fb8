"""What a book is to a narrator: a title, an author, and chapters of paragraphs."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from voices.errors import InvalidRequest

MOST_CHARACTERS = 10_000_000
"""More than any book: the longest novels have three million."""

_FIRST_CHARACTERS = 60
_BLANKS = re.compile(r"\s+")
_UNSPOKEN_CATEGORIES = {"Cc", "Cs"}
"""Control characters and unpaired surrogates, which a worker refuses."""


class InvalidBook(InvalidRequest):
    """The file is no book that can be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="book")


@dataclass(frozen=True)
class Chapter:
    """A chapter; its title is not among the paragraphs."""

    title: str | None
    """None for what comes before the first heading."""
    paragraphs: tuple[str, ...]
    """Without line breaks; one without a letter or a digit, such as ``* * *``, parts two scenes."""

    @property
    def characters(self) -> int:
        """How much there is to speak, the title included."""
        return len(self.title or "") + sum(map(len, self.paragraphs))


@dataclass(frozen=True)
class Book:
    """A book; one without headings has one chapter."""

    title: str
    author: str | None
    chapters: tuple[Chapter, ...]
    warnings: tuple[str, ...] = ()
    """Sentences about what of the file could not be read."""

    @property
    def characters(self) -> int:
        """How much there is to speak."""
        return sum(chapter.characters for chapter in self.chapters)


def make_book(
    title: str,
    author: str | None,
    chapters: Iterable[tuple[str | None, list[str]]],
    warnings: Iterable[str] = (),
) -> Book:
    """Clean what a reader found and leave out what is empty; raises ``InvalidBook`` if all is."""
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
        raise InvalidBook("There is no text in the book.")
    check_length(book.characters)
    return book


def check_length(characters: int) -> None:
    """Raise ``InvalidBook`` for more than any book has."""
    if characters > MOST_CHARACTERS:
        raise InvalidBook(f"The book has more than {MOST_CHARACTERS:,} characters.")


def clean_line(text: str) -> str:
    """Return ``text`` on one line, without what nobody can speak."""
    spoken = (
        character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _UNSPOKEN_CATEGORIES
    )
    return _BLANKS.sub(" ", "".join(spoken)).strip()


def first_words(text: str) -> str:
    """Return a text's beginning, by which a person finds it: at most 60 characters, and whole words."""
    if len(text) <= _FIRST_CHARACTERS:
        return text.replace("\n\n", " ")
    return f"{text[:_FIRST_CHARACTERS].rsplit(maxsplit=1)[0].replace(chr(10), ' ')} …"


def is_spoken(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)
