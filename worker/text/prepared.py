"""The sentences of a request's text, with cleaned characters and without markup that spans sentences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from worker.text.characters import plain_characters
from worker.text.draft import Draft, Edit
from worker.text.links import labels, without_definitions
from worker.text.sentences import LONGEST_SENTENCE, Sentence, sentences
from worker.text.spanning import Spanning
from worker.text.tables import spoken_tables
from worker.text.thoughts import thought_end

_MARKED = re.compile(
    r"(?<![\w=)\]\"'])(?P<begin>={1,2})(?=[A-Za-z\d“‘\"'*_])[^=\n]{2,200}+(?<=[\w.,!?”’\"'*_])(?P<end>(?P=begin))(?![\w=\"'])"
)
_AT_FIRST = 8_000
"""Characters prepared before the first sentence is spoken."""
_AT_ONCE = 30_000
"""Characters prepared together after that."""
_AHEAD = 2 * LONGEST_SENTENCE
"""Characters after a sentence that may still change its end or its reading."""


@dataclass(frozen=True, slots=True)
class PreparedSentence:
    """``draft.text[sentence.start:sentence.end]``."""

    draft: Draft
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class _Passage:
    draft: Draft
    known: int
    """Start of the draft's markup that the passage's end cuts off; otherwise its length."""
    links: list[tuple[int, int]]
    """The spans of links in the request's text."""


def prepared_sentences(text: str, *, normalize: bool) -> Iterator[PreparedSentence]:
    """Yield the sentences in order, as they are found; without ``normalize``, markup stays."""
    defined = labels(text) if normalize else frozenset()
    begin = first = thought_end(text) if normalize else 0
    size = _AT_FIRST
    while begin < len(text):
        end = _end(text, begin + size)
        is_last = end == len(text)
        passage = _prepared(
            text[begin:end],
            begin,
            defined,
            is_first=begin == first,
            is_last=is_last,
            normalize=normalize,
        )
        if is_last:
            yield from (PreparedSentence(passage.draft, each) for each in sentences(passage.draft.text))
            return
        sure = _sure(passage)
        yield from (PreparedSentence(passage.draft, each) for each in sure)
        begin, size = (passage.draft.end(sure[-1].end), _AT_ONCE) if sure else (begin, 2 * size)


def complete(text: str, *, normalize: bool = True) -> int:
    """Return how much of an unfinished text can be spoken: all before the last sentence that has begun.

    Open markup, such as a model's thoughts, is complete once it ends.
    """
    skipped = thought_end(text) if normalize else 0
    defined = labels(text) if normalize else frozenset()
    passage = _prepared(text[skipped:], skipped, defined, is_first=True, is_last=False, normalize=normalize)
    begins = [each.start for each in sentences(passage.draft.text) if each.start <= passage.known]
    return passage.draft.start(begins[-1]) if len(begins) > 1 else 0


def _end(text: str, end: int) -> int:
    """Return a position at or near ``end`` that does not cut a word."""
    if end >= len(text):
        return len(text)
    return next((at for at in range(end, end - LONGEST_SENTENCE, -1) if text[at].isspace()), end)


def _prepared(
    text: str, offset: int, defined: frozenset[str], *, is_first: bool, is_last: bool, normalize: bool
) -> _Passage:
    draft = plain_characters(Draft(text, offset), fold=normalize)
    if not normalize:
        return _Passage(draft, len(draft.text), [])
    draft = spoken_tables(without_definitions(draft))
    draft = draft.edited(_unmarked(draft.text))
    spanning = Spanning(draft.text, defined, is_first=is_first, is_last=is_last)
    made = draft.edited(spanning.edits())
    unknown = len(draft.text) - spanning.open_at if spanning.open_at is not None else 0
    links = [(draft.start(start), draft.end(end)) for start, end in spanning.links]
    return _Passage(made, len(made.text) - unknown, links)


def _unmarked(text: str) -> Iterator[Edit]:
    """Yield the edits that remove the signs of ==marked== and =bold= words."""
    for match in _MARKED.finditer(text):
        for start, end in (match.span("begin"), match.span("end")):
            yield Edit(start, end, "")


def _sure(passage: _Passage) -> list[Sentence]:
    """Return the sentences that later text cannot change; the last one does not end within a link."""
    draft = passage.draft
    limit = min(passage.known, len(draft.text) - _AHEAD)
    found = [each for each in sentences(draft.text) if each.end <= limit]
    links = list(passage.links)
    while found:
        end = draft.end(found[-1].end)
        while links and links[-1][0] >= end:
            links.pop()
        if not any(end < last for _, last in links[-20:]):
            break
        found.pop()
    return found
