"""Speaks a narration's missing pieces; a piece that fails is reported with its place and skipped."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatterpod.errors import ClientError
from chatterpod.request_errors import RequestFailed
from voices.errors import ChatterpodError
from voices_cli.books.book import Book, first_words
from voices_cli.narration.piece_cache import CachedPiece, PieceCache
from voices_cli.narration.pieces import Piece

MOST_FAILURES_IN_A_ROW = 3
"""Consecutive failures that end the run: the cause is not the text, and the rest would fail as well."""

_OF_EVERY_PIECE = frozenset({"unknown_voice", "voice_corrupt", "voice_incompatible", "store_failure"})
"""Error codes about the voice, which hold for every piece."""

Say = Callable[[Mapping[str, Any], Path], object]


@dataclass(frozen=True)
class FailedPiece:
    """A piece that could not be spoken, with the error."""

    piece: Piece
    error: ChatterpodError | ClientError

    @property
    def reason(self) -> str:
        """The error's message."""
        return getattr(self.error, "message", None) or str(self.error)

    def place(self, book: Book) -> str:
        """Describe the piece's place in the book: the chapter, its position and its first words."""
        chapter = book.chapters[self.piece.chapter]
        title = f" ({chapter.title})" if chapter.title else ""
        words = first_words(self.piece.text)
        return f"chapter {self.piece.chapter + 1}{title}, character {self.piece.position:,}: “{words}”"

    def as_dict(self, book: Book) -> dict[str, Any]:
        """Return the place and the error as JSON."""
        return {
            "chapter": self.piece.chapter + 1,
            "chapter_title": book.chapters[self.piece.chapter].title,
            "position": self.piece.position,
            "begins": first_words(self.piece.text),
            "error": {"code": getattr(self.error, "code", "endpoint_failure"), "message": self.reason},
        }


def speak_pieces(
    cache: PieceCache, missing: Iterable[CachedPiece], say: Say, tell: Callable[[FailedPiece], None]
) -> int:
    """Speak the missing pieces, call ``tell`` for each failure, and return the number of spoken pieces.

    Raises an error that every piece would meet: one of the voice or of an option, or repeated failures
    before any piece was spoken. Repeated failures later end the run without an exception.
    """
    spoken = in_a_row = 0
    for each in missing:
        try:
            cache.speak(each, say)
        except (ChatterpodError, ClientError) as error:
            if _ends_all(error):
                raise
            in_a_row += 1
            tell(FailedPiece(each.piece, error))
            if in_a_row >= MOST_FAILURES_IN_A_ROW:
                if not spoken:
                    raise
                break
        else:
            spoken += 1
            in_a_row = 0
    return spoken


def _ends_all(error: ChatterpodError | ClientError) -> bool:
    if not isinstance(error, ChatterpodError | RequestFailed):
        return False
    is_option = error.code == "invalid_request" and error.field not in {None, "text"}
    return is_option or error.code in _OF_EVERY_PIECE
