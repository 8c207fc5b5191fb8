"""Reading aloud: an ordered list of small rules, each of which says how one kind of thing is spoken.

What a rule has claimed no later rule sees. Every piece keeps its place in the text, so that it is known
which words of the request a moment of speech belongs to.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Match = re.Match[str]


@dataclass(frozen=True)
class Rule:
    """Says what a match of ``pattern`` sounds like.

    ``speak`` answers None to leave a match alone, and "" for what is not spoken at all.
    """

    name: str
    pattern: re.Pattern[str]
    speak: Callable[[Match], str | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is spoken for ``text[start:end]``."""

    start: int
    end: int
    spoken: str
    is_verbatim: bool
    """As it was written; otherwise a rule has put it into words, and it is never cut."""


def read_aloud(text: str, rules: Iterable[Rule]) -> list[Piece]:
    """Return the pieces of ``text`` in order; together they cover it."""
    pieces = [Piece(0, len(text), text, is_verbatim=True)]
    for rule in rules:
        if rule.pattern.search(text):
            pieces = [
                part
                for piece in pieces
                for part in (_claimed(text, piece, rule) if piece.is_verbatim else (piece,))
            ]
    return pieces


def _claimed(text: str, piece: Piece, rule: Rule) -> list[Piece]:
    parts: list[Piece] = []
    position = piece.start
    # Searched within the whole text, so that a rule sees what stands before its piece.
    for match in rule.pattern.finditer(text, piece.start, piece.end):
        if match.end() == match.start() or (spoken := rule.speak(match)) is None:
            continue
        if match.start() > position:
            parts.append(Piece(position, match.start(), text[position : match.start()], is_verbatim=True))
        parts.append(Piece(match.start(), match.end(), spoken, is_verbatim=False))
        position = match.end()
    if position == piece.start:
        return [piece]
    if position < piece.end:
        parts.append(Piece(position, piece.end, text[position : piece.end], is_verbatim=True))
    return parts


def joined(pieces: Sequence[Piece]) -> str:
    """Return what the pieces say together; words that a rule made stand apart from their neighbours."""
    out = ""
    last_is_verbatim = True
    for piece in pieces:
        if not piece.spoken:
            continue
        touches = out[-1:].isalnum() and piece.spoken[0].isalnum()
        if touches and not (last_is_verbatim and piece.is_verbatim):
            out += " "
        out += piece.spoken
        last_is_verbatim = piece.is_verbatim
    return out
