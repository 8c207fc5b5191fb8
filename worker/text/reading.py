"""Reading aloud: an ordered list of small rules, each of which says how one kind of thing is spoken.

What a rule has claimed no later rule sees. Every piece keeps its place in the text, so that it is known
which words of the request a moment of speech belongs to. A rule that raises, or that loses words, claims
nothing: later rules see what it matched, and what none of them claims is spoken as written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from worker.text.undone import note_undone

Match = re.Match[str]

_PUNCTUATION = ".,;:!?…)"
_WORD = re.compile(r"[^\W\d_]+")
_NO_LITERAL = re.compile(r"\(\?P<\w+>|\\[A-Za-z]")
"""Letters of a pattern that stand for something else: the names of groups, and classes such as ``\b``."""


@dataclass(frozen=True)
class Rule:
    """Says what a match of ``pattern`` sounds like.

    ``speak`` answers None to leave a match alone, and "" for signs that are not spoken at all. A word that it
    puts into others is spelt out in ``pattern``; every other word that is matched has to come out.
    """

    name: str
    pattern: re.Pattern[str]
    speak: Callable[[Match], str | None]
    drops: bool = False
    """Whether it may leave letters or digits unspoken, as markup and notes' marks do."""
    replaces: str = r"(?!)"
    """A pattern for words that it puts into others without spelling them out, such as Roman numerals."""
    needs: re.Pattern[str] | None = None
    """``pattern`` matches only where this does; most sentences hold no figure, so are not searched for it."""

    @cached_property
    def vocabulary(self) -> str:
        """All words that ``pattern`` spells out, folded."""
        return _folded(_NO_LITERAL.sub(" ", self.pattern.pattern))

    def loses_words(self, written: str, spoken: str) -> bool:
        """Whether something can be said of ``written`` that ``spoken`` does not say."""
        if not any(map(str.isalnum, spoken)):
            return any(map(str.isalnum, written))
        said = "".join(_folded(spoken).split())  # "am" is said as "A M"
        return not all(
            (folded := _folded(word)) in said
            or folded in self.vocabulary
            or re.fullmatch(self.replaces, word)
            for word in _WORD.findall(written)
        )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


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
    is_there: dict[re.Pattern[str] | None, bool] = {None: True}
    for rule in rules:
        if rule.needs not in is_there:
            is_there[rule.needs] = rule.needs is not None and rule.needs.search(text) is not None
        if is_there[rule.needs]:
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


class _UndoneError(Exception):
    """The rule failed on this match."""


def _claims(text: str, rule: Rule, taken: bytearray) -> Iterator[Piece]:
    """Yield what the rule claims of what is not ``taken`` yet, and mark it."""
    position = 0
    while position <= len(text) and (found := rule.pattern.search(text, position)):
        start, end = found.span()
        clash = taken.find(1, start, end)
        if clash == start:
            free = taken.find(0, start)
            position = free if free > start else len(text) + 1
            continue
        # What is left of a clash may be a match of its own.
        match = found if clash < 0 else rule.pattern.match(text, start, clash)
        if match is None or match.end() == start:
            position = start + 1
            continue
        try:
            spoken = _spoken(rule, match)
        except _UndoneError:
            position = match.end()
            continue
        if spoken is None:
            position = start + 1
            continue
        taken[start : match.end()] = b"\1" * (match.end() - start)
        yield Piece(start, match.end(), spoken, is_verbatim=False)
        position = match.end()


def _spoken(rule: Rule, match: Match) -> str | None:
    """Return what the rule says; raises ``_UndoneError`` where that cannot be used."""
    try:
        spoken = rule.speak(match)
    except Exception as error:  # a request must not fail for want of a better reading
        note_undone(rule.name, type(error).__name__)
        raise _UndoneError from error
    if spoken is not None and not rule.drops and rule.loses_words(match.group(), spoken):
        note_undone(rule.name, "it lost words")
        raise _UndoneError
    return spoken


def joined(pieces: Sequence[Piece]) -> str:
    """Return what the pieces say together; words that a rule made stand apart from their neighbours."""
    out = ""
    last_is_verbatim = True
    for piece in pieces:
        if not piece.spoken:
            continue
        if not last_is_verbatim and piece.spoken[0] in _PUNCTUATION:
            out = out.rstrip()  # what stood before it was left out
        touches = out[-1:].isalnum() and piece.spoken[0].isalnum()
        if touches and not (last_is_verbatim and piece.is_verbatim):
            out += " "
        out += piece.spoken
        last_is_verbatim = piece.is_verbatim
    return out
