"""Packs sentences into text chunks, and cuts the ones that are too long."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil

from worker.text.draft import Draft
from worker.text.duration import spoken_length
from worker.text.normalize import clean_text
from worker.text.reading import SpokenPiece, joined
from worker.text.sentences import CLOSERS, Pause

_CLAUSE = re.compile(rf"[,;:.!?…،؛؟、，；：。！？—–][{CLOSERS}]*\Z")
_BREAKS = "、，；：—"
"""A line may break after these without a space."""
_FRAGMENT = re.compile(rf"\s+|[^\s{_BREAKS}]*+[{_BREAKS}]+|[^\s{_BREAKS}]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence, or a word of it, in its spoken form."""

    text: str
    start: int
    end: int
    """It speaks this span of the draft."""
    pause: Pause
    """The pause after it."""
    after_blank: bool
    """Whether a space precedes it; not in scripts without spaces."""
    draft: Draft
    """The part of the text that contains it."""
    pieces: tuple[SpokenPiece, ...] = ()
    """The pieces it consists of, for cutting it if it is too long."""

    @property
    def place(self) -> tuple[int, int]:
        """The span of the request's text that it speaks."""
        return self.draft.start(self.start), self.draft.end(self.end)

    @property
    def length(self) -> float:
        """Its duration, in Latin letters."""
        return spoken_length(self.text) + self.after_blank


def pack(sentences: Iterator[Part], limit: float, first_limit: float) -> Iterator[list[Part]]:
    """Yield groups of parts, each at most ``limit`` long; the end of a paragraph ends its group."""
    packed: list[Part] = []
    length, room = 0.0, first_limit
    for sentence in sentences:
        if packed and length + sentence.length > room:
            yield packed
            packed, length, room = [], 0.0, limit
        if sentence.length <= room:
            packed.append(sentence)
            length += sentence.length
        else:
            *complete, packed = _cut(sentence, room, limit)
            yield from complete
            length, room = total_length(packed), limit
        if sentence.pause is Pause.PARAGRAPH:
            yield packed
            packed, length, room = [], 0.0, limit
    if packed:
        yield packed


def total_length(parts: Sequence[Part]) -> float:
    """Return the length of parts spoken one after the other."""
    return sum(part.length for part in parts)


def _cut(sentence: Part, room: float, limit: float) -> Iterator[list[Part]]:
    """Cut a sentence that is longer than ``room`` at clauses, else at words, into groups of similar size."""
    words = list(_words(sentence, limit))
    words[-1] = replace(words[-1], pause=sentence.pause)
    while (left := total_length(words)) > room:
        if room < limit:
            # The first group takes as much as fits, if a clause ends there.
            at, room = _last_clause_within(words, room), limit
        else:
            at = _best_cut(words, left, limit)
        if at:
            yield words[:at]
            words = words[at:]
    yield words


def _last_clause_within(words: Sequence[Part], room: float) -> int:
    """Return the number of words of the longest run of clauses within ``room``; 0 if the first is longer."""
    reached = accumulate(word.length for word in words)
    ends = (
        at for at, length in enumerate(reached, 1) if length <= room and words[at - 1].pause is Pause.CLAUSE
    )
    return max(ends, default=0)


def _best_cut(words: Sequence[Part], left: float, limit: float) -> int:
    """Return the number of words to take so that the rest is not too short."""
    aim = left / ceil(left / limit)
    reached = dict(enumerate(accumulate(word.length for word in words[:-1]), 1))
    within = [at for at, length in reached.items() if length <= limit] or [1]
    clauses = [at for at in within if words[at - 1].pause is Pause.CLAUSE and reached[at] >= aim / 2]
    return min(clauses or within, key=lambda at: abs(reached[at] - aim))


def _words(sentence: Part, limit: float) -> Iterator[Part]:
    """Yield the units of a sentence that may be separated: words, and text that a rule has put into words."""
    group: list[SpokenPiece] = []
    after_blank = sentence.after_blank
    for fragment in _fragments(sentence.pieces):
        is_blank = fragment.is_verbatim and fragment.spoken.isspace()
        if not is_blank:
            group.append(fragment)
        if is_blank or (fragment.is_verbatim and fragment.spoken[-1] in _BREAKS):
            yield from _word(group, sentence, limit, after_blank=after_blank)
            after_blank = is_blank or (after_blank and not group)
            group = []
    yield from _word(group, sentence, limit, after_blank=after_blank)


def _fragments(pieces: Sequence[SpokenPiece]) -> Iterator[SpokenPiece]:
    for piece in pieces:
        if not piece.is_verbatim:
            yield piece
            continue
        for match in _FRAGMENT.finditer(piece.spoken):
            yield SpokenPiece(
                piece.start + match.start(), piece.start + match.end(), match.group(), is_verbatim=True
            )


def _word(group: Sequence[SpokenPiece], sentence: Part, limit: float, *, after_blank: bool) -> Iterator[Part]:
    """Yield one word, in slices if it is longer than a text chunk may be."""
    text = clean_text(joined(group))
    if not text:
        return
    start, end = sentence.start + group[0].start, sentence.start + group[-1].end
    slices = _slices(text, limit - 1)
    # Places within a word are known only if it is verbatim.
    is_exact = len(text) == end - start
    for first, last in slices:
        span = (start + first, start + last) if is_exact else (start if first == 0 else end, end)
        sliced = text[first:last].strip()
        pause = Pause.CLAUSE if _CLAUSE.search(sliced) else Pause.WORD
        is_after_blank = after_blank if first == 0 else text[first - 1] == " "
        yield Part(sliced, *span, pause, is_after_blank, sentence.draft)


def _slices(text: str, limit: float) -> Iterator[tuple[int, int]]:
    if spoken_length(text) <= limit:
        yield 0, len(text)
        return
    start, blank, length = 0, 0, 0.0
    for at, character in enumerate(text):
        length += spoken_length(character)
        if length > limit and at > start:
            cut = blank or at
            while cut > start + 1 and unicodedata.category(text[cut])[0] == "M":
                cut -= 1
            yield start, cut
            start, blank = cut, 0
            length = spoken_length(text[cut : at + 1])
        if character == " ":
            blank = at + 1
    yield start, len(text)
