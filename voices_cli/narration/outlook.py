"""What a dry run tells: the chapters with their first words, and how long they will take to hear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voices_cli.books.book import Book, first_words
from voices_cli.narration.pieces import Piece

_HOUR, _MINUTE = 3600, 60
_WIDE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_DIGIT = re.compile(r"\d")
_LETTERS_A_WIDE_CHARACTER = 2.5
_LETTERS_A_DIGIT = 5.0
"""Put into words; a worker reckons its text chunks with the same two."""


@dataclass(frozen=True)
class Pace:
    """How fast an engine speaks."""

    letters_a_second: float
    """With the pauses within a piece."""
    basis: str
    """Where the number is from, for whoever pays by it."""


_PREVIEW = Pace(
    17.5,
    "preview's own voice: 17.5 letters a second, measured on five novels; a clip's voice has its own pace",
)
"""In its own voice, over up to seven pieces each of five English novels: 0.96 to 1.06 of the real length."""
_CHATTERBOX = Pace(14.0, "14 letters a second, which was not measured: Chatterbox keeps its clip's own pace")
"""What a worker bounds its text chunks by. No voice's pace is known: clips come without their words."""


def pace_of(engine: str | None) -> Pace:
    """Return an engine's pace; None is an endpoint's, or one that is not installed here."""
    return _PREVIEW if engine == "preview" else _CHATTERBOX


def outlook(book: Book, spoken: Sequence[Piece], pace: Pace, speed: float) -> dict[str, Any]:
    """Return what is known of an audiobook before a word is spoken, as JSON."""
    chapters = []
    for number, chapter in enumerate(book.chapters):
        own = [piece for piece in spoken if piece.chapter == number]
        chapters.append(
            {
                "title": chapter.title or book.title,
                "begins": first_words(next(iter(chapter.paragraphs), "")),
                "characters": chapter.characters,
                "words": sum(len(piece.text.split()) for piece in own),
                "pieces": len(own),
                "estimated_seconds": round(sum(_seconds(piece, pace, speed) for piece in own)),
            }
        )
    return {
        "title": book.title,
        "author": book.author,
        "characters": book.characters,
        "words": sum(chapter["words"] for chapter in chapters),
        "pieces": len(spoken),
        "estimated_seconds": round(sum(_seconds(piece, pace, speed) for piece in spoken)),
        "estimated_from": pace.basis,
        "warnings": list(book.warnings),
        "chapters": chapters,
    }


def outlook_lines(told: dict[str, Any]) -> list[str]:
    """Return the same for a person, a line a chapter."""
    by = f" by {told['author']}" if told["author"] else ""
    return [
        f"{told['title']}{by}: {told['words']:,} words, about {clock(told['estimated_seconds'])}",
        f"  reckoned from {told['estimated_from']}",
        *(
            f"  {clock(each['estimated_seconds'])}  {each['words']:>7,}  {each['title']}"
            + (f" | {each['begins']}" if each["begins"] else "")
            for each in told["chapters"]
        ),
    ]


def clock(seconds: float) -> str:
    """Write a length as hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def _seconds(piece: Piece, pace: Pace, speed: float) -> float:
    length = len(piece.text) + (_LETTERS_A_DIGIT - 1) * len(_DIGIT.findall(piece.text))
    length += (_LETTERS_A_WIDE_CHARACTER - 1) * len(_WIDE.findall(piece.text))
    return length / pace.letters_a_second / speed + piece.pause_seconds
