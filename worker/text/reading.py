"""Reading aloud: an ordered list of small rules, each of which says how one kind of thing is spoken.

What a rule has claimed no later rule sees. Every piece keeps its place in the text, so that it is known
which words of the request a moment of speech belongs to.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Match = re.Match[str]

_PUNCTUATION = ".,;:!?…)"


@dataclass(frozen=True)
class Rule:
    """Says what a match of ``pattern`` sounds like.

    ``speak`` answers None to leave a match alone, and "" for what is not spoken at all.
    """

    name: str
    pattern: re.Pattern[str]
    speak: Callable[[Match], str | None]
    drops: bool = False
    """Whether it may leave letters or digits unspoken, as markup and notes' marks do."""


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
    taken = bytearray(len(text))
    claims: list[Piece] = []
    for rule in rules:
        claims += _claims(text, rule, taken)
    pieces: list[Piece] = []
    position = 0
    for claim in sorted(claims, key=lambda claim: claim.start):
        if claim.start > position:
            pieces.append(Piece(position, claim.start, text[position : claim.start], is_verbatim=True))
        pieces.append(claim)
        position = claim.end
    if position < len(text):
        pieces.append(Piece(position, len(text), text[position:], is_verbatim=True))
    return pieces


def _claims(text: str, rule: Rule, taken: bytearray) -> Iterator[Piece]:
    """Yield what the rule claims of what is not ``taken`` yet, and mark it."""
    position = 0
    while match := rule.pattern.search(text, position):
        start, end = match.span()
        clash = taken.find(1, start, end)
        if clash > start:
            # What is left of the clash may be a match of its own.
            shorter = rule.pattern.match(text, start, clash)
            match, end = shorter or match, shorter.end() if shorter else start
        elif clash == start:
            end = start
        spoken = rule.speak(match) if end > start else None
        if spoken is None:
            position = start + 1
            continue
        taken[start:end] = b"\1" * (end - start)
        yield Piece(start, end, spoken, is_verbatim=False)
        position = end


def joined(pieces: Sequence[Piece]) -> str:
    """Return what the pieces say together; words that a rule made stand apart from their neighbours."""
    out = ""
    last_is_verbatim = True
    for piece in pieces:
        if not piece.spoken:
            continue
        if piece.is_verbatim and not last_is_verbatim and piece.spoken[0] in _PUNCTUATION:
            out = out.rstrip()  # what stood before it was left out
        touches = out[-1:].isalnum() and piece.spoken[0].isalnum()
        if touches and not (last_is_verbatim and piece.is_verbatim):
            out += " "
        out += piece.spoken
        last_is_verbatim = piece.is_verbatim
    return out
