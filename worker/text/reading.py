"""Applies an ordered list of small rules, each of which puts one kind of text into words.

Text that a rule has claimed is hidden from later rules. Every piece keeps its place in the request's text, so
that each moment of speech can be traced to its words. A rule that raises or loses words claims nothing: its
match is left to later rules, or spoken as written.
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
"""Letters in a pattern with another meaning: the names of groups, and classes such as ``\\b``."""


@dataclass(frozen=True)
class Rule:
    """Returns the spoken form of a match of ``pattern``.

    ``speak`` returns None to leave a match alone, and "" for signs that are not spoken at all. Words that it
    replaces must be spelt out in ``pattern``; every other matched word must be in the result.
    """

    name: str
    pattern: re.Pattern[str]
    speak: Callable[[Match], str | None]
    drops: bool = False
    """Whether it may leave letters or digits unspoken, as for markup and note marks."""
    replaces: str = r"(?!)"
    """A pattern for words that it replaces without spelling them out, such as Roman numerals."""
    needs: re.Pattern[str] | None = None
    """``pattern`` can match only if this does; most sentences contain no figure, so are not searched."""

    @cached_property
    def vocabulary(self) -> str:
        """All words that ``pattern`` spells out, casefolded."""
        return _folded(_NO_LITERAL.sub(" ", self.pattern.pattern))

    def loses_words(self, written: str, spoken: str) -> bool:
        """Whether ``written`` contains words that are missing from ``spoken``."""
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
class SpokenPiece:
    """The spoken form of ``text[start:end]``."""

    start: int
    end: int
    spoken: str
    is_verbatim: bool
    """Whether it is as written; otherwise a rule has put it into words, and it is never cut."""


def read_aloud(text: str, rules: Iterable[Rule]) -> list[SpokenPiece]:
    """Return the pieces of ``text`` in order; together they cover it."""
    taken = bytearray(len(text))
    claims: list[SpokenPiece] = []
    is_there: dict[re.Pattern[str] | None, bool] = {None: True}
    for rule in rules:
        if rule.needs not in is_there:
            is_there[rule.needs] = rule.needs is not None and rule.needs.search(text) is not None
        if is_there[rule.needs]:
            claims += _claims(text, rule, taken)
    pieces: list[SpokenPiece] = []
    position = 0
    for claim in sorted(claims, key=lambda claim: claim.start):
        if claim.start > position:
            pieces.append(SpokenPiece(position, claim.start, text[position : claim.start], is_verbatim=True))
        pieces.append(claim)
        position = claim.end
    if position < len(text):
        pieces.append(SpokenPiece(position, len(text), text[position:], is_verbatim=True))
    return pieces


class _UndoneError(Exception):
    """The rule failed on this match."""


def _claims(text: str, rule: Rule, taken: bytearray) -> Iterator[SpokenPiece]:
    """Yield the rule's claims on text that is not ``taken`` yet, and mark it."""
    position = 0
    while position <= len(text) and (found := rule.pattern.search(text, position)):
        start, end = found.span()
        clash = taken.find(1, start, end)
        if clash == start:
            free = taken.find(0, start)
            position = free if free > start else len(text) + 1
            continue
        # The rest of an overlapping match may match by itself.
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
        yield SpokenPiece(start, match.end(), spoken, is_verbatim=False)
        position = match.end()


def _spoken(rule: Rule, match: Match) -> str | None:
    """Return the rule's result; raises ``_UndoneError`` if it is unusable."""
    try:
        spoken = rule.speak(match)
    except Exception as error:  # a request must not fail because a rule does
        note_undone(rule.name, type(error).__name__)
        raise _UndoneError from error
    if spoken is not None and not rule.drops and rule.loses_words(match.group(), spoken):
        note_undone(rule.name, "it lost words")
        raise _UndoneError
    return spoken


def joined(pieces: Sequence[SpokenPiece]) -> str:
    """Return the spoken forms of the pieces as one text, with spaces around words made by a rule."""
    out = ""
    last_is_verbatim = True
    for piece in pieces:
        if not piece.spoken:
            continue
        if not last_is_verbatim and piece.spoken[0] in _PUNCTUATION:
            out = out.rstrip()  # the text before it was dropped
        touches = out[-1:].isalnum() and piece.spoken[0].isalnum()
        if touches and not (last_is_verbatim and piece.is_verbatim):
            out += " "
        out += piece.spoken
        last_is_verbatim = piece.is_verbatim
    return out
