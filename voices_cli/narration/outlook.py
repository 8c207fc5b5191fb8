"""What a dry run tells: the chapters with their first words, and how long they will take to hear."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import soundfile

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


_CHATTERBOX = Pace(14.0, "14 letters a second, which was not measured: Chatterbox keeps its clip's own pace")
"""What a worker bounds its text chunks by. No voice's pace is known: clips come without their words."""
_SAMPLES = 5
"""Pieces that preview speaks to measure a voice's pace: a second's work."""


def reckoned_pace() -> Pace:
    """Return the pace of an engine that takes long to speak, or that is not here."""
    return _CHATTERBOX


def measured_pace(
    spoken: Sequence[Piece],
    options: Mapping[str, Any],
    say: Callable[[Mapping[str, Any], Path], object],
    speed: float,
) -> Pace:
    """Return the pace at which ``say`` speaks pieces of the whole book, in the voice of ``options``."""
    longest = sorted(spoken, key=lambda piece: -len(piece.text))[: max(_SAMPLES, len(spoken) // 2)]
    longest.sort(key=lambda piece: (piece.chapter, piece.position))
    chosen = longest[:: max(len(longest) // _SAMPLES, 1)][:_SAMPLES]
    letters = seconds = 0.0
    with TemporaryDirectory() as folder:
        for number, piece in enumerate(chosen):
            path = Path(folder) / f"{number}.flac"
            say({"text": piece.text, "format": "flac", **options}, path)
            letters += _letters(piece.text)
            seconds += soundfile.info(path).duration
    rate = letters / seconds / speed if seconds else _CHATTERBOX.letters_a_second
    return Pace(
        rate, f"{rate:.1f} letters a second, measured on {len(chosen)} pieces of the book in this voice"
    )


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
    return _letters(piece.text) / pace.letters_a_second / speed + piece.pause_seconds


def _letters(text: str) -> float:
    length = len(text) + (_LETTERS_A_DIGIT - 1) * len(_DIGIT.findall(text))
    return length + (_LETTERS_A_WIDE_CHARACTER - 1) * len(_WIDE.findall(text))
