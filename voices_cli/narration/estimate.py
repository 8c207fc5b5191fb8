"""The estimate of a dry run: the chapters with their first words and estimated durations."""

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
"""A digit read out as a word. A worker estimates its text chunks with the same two factors."""


@dataclass(frozen=True)
class NarrationPace:
    """An engine's speaking rate."""

    letters_a_second: float
    """Includes the pauses within a piece."""
    basis: str
    """Origin of the rate, shown to the user."""


_CHATTERBOX = NarrationPace(
    14.0, "an assumed 14 letters a second; Chatterbox's real pace depends on the voice's clip"
)
"""The rate that a worker assumes for its text chunks. A voice's own pace is unknown: clips have no text."""
_SAMPLES = 5
"""Pieces that the preview engine speaks to measure a voice's pace, in about a second."""


def assumed_pace() -> NarrationPace:
    """Return the pace assumed for an engine that is slow or not installed here."""
    return _CHATTERBOX


def measured_pace(
    spoken: Sequence[Piece],
    options: Mapping[str, Any],
    say: Callable[[Mapping[str, Any], Path], object],
    speed: float,
) -> NarrationPace:
    """Measure the pace of ``say`` on pieces from all over the book, in the voice of ``options``."""
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
    return NarrationPace(
        rate, f"{rate:.1f} letters a second, measured on {len(chosen)} pieces of the book in this voice"
    )


def estimate(book: Book, spoken: Sequence[Piece], pace: NarrationPace, speed: float) -> dict[str, Any]:
    """Return the estimate of an audiobook as JSON."""
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


def estimate_lines(book: dict[str, Any]) -> list[str]:
    """Return the estimate as lines of text, one a chapter."""
    by = f" by {book['author']}" if book["author"] else ""
    return [
        f"{book['title']}{by}: {book['words']:,} words, about {clock(book['estimated_seconds'])}",
        f"  estimated from {book['estimated_from']}",
        *(
            f"  {clock(each['estimated_seconds'])}  {each['words']:>7,}  {each['title']}"
            + (f" | {each['begins']}" if each["begins"] else "")
            for each in book["chapters"]
        ),
    ]


def clock(seconds: float) -> str:
    """Format a duration as hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def _seconds(piece: Piece, pace: NarrationPace, speed: float) -> float:
    return _letters(piece.text) / pace.letters_a_second / speed + piece.pause_seconds


def _letters(text: str) -> float:
    length = len(text) + (_LETTERS_A_DIGIT - 1) * len(_DIGIT.findall(text))
    return length + (_LETTERS_A_WIDE_CHARACTER - 1) * len(_WIDE.findall(text))
