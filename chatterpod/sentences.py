"""Cutting text into sentences while it is being written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

from chatterpod.characters import Halves
from chatterpod.thoughts import Thoughts

LONGEST_SENTENCE = 400
"""Characters after which an unfinished sentence is cut at a clause or a word: about 25 s of speech."""

_ENDS = ".!?…"
_ENDS_AT_ONCE = "。！？"  # noqa: RUF001 - of scripts without spaces after punctuation
_CLOSERS = "\"'”’»)]}*_`」』）"  # noqa: RUF001
_OPENERS = "\"'“‘«([{*_`"  # noqa: RUF001
_ABBREVIATION = re.compile(
    r"""mr|mrs|ms|dr|prof|st|sr|jr|hon|gen|col|lt|sgt|capt|inc|ltd|co|corp|dept|est|approx|vs|etc|al|cf
    |vol|fig|e\.g|i\.e|a\.m|p\.m|jan|feb|apr|aug|sept?|oct|nov|dec|[a-hj-z]""",
    re.VERBOSE,
)
_SIGNS = {"Sc", "Sm", "So"}
_FIRST_EMOJI = "\U0001f000"
_CLAUSE_END = re.compile(r"[,;:–—)]\s+(?=\S)|[，、；：]")  # noqa: RUF001
_WORD_END = re.compile(r"(?<!\s)\s++(?=\S)")


class SentenceCutter:
    """Takes text in pieces and returns it in sentences, each as soon as the next one begins.

    The sentences, joined, equal the text, however it was cut into pieces. None is longer than `longest`
    characters; unspeakable text, such as a dash or a smiley, goes with the next sentence.
    """

    def __init__(self, longest: int = LONGEST_SENTENCE) -> None:
        if longest < 1:
            raise ValueError("longest must be at least 1")
        self._longest = longest
        self._text = ""

    def feed(self, piece: str) -> Iterator[str]:
        """Take a piece of the text and yield the complete sentences."""
        for character in piece:
            if self._text and _ends_before(self._text, character) and is_speakable(self._text):
                yield self._take(len(self._text))
            self._text += character
            if len(self._text) > self._longest:
                yield self._take(_last_pause(self._text))

    def flush(self) -> str:
        """Return the rest: empty, or a sentence without an end."""
        return self._take(len(self._text))

    def _take(self, length: int) -> str:
        taken, self._text = self._text[:length], self._text[length:]
        return taken


class Writing:
    """A text that is being written, as sentences with whole characters and without `<think>` blocks.

    `skip` receives the other unspoken parts: those without a word, and a block that was never closed.
    """

    def __init__(self, skip: Callable[[str], object]) -> None:
        self._skip = skip
        self._halves = Halves()
        self._thoughts = Thoughts()
        self._cutter = SentenceCutter()

    def feed(self, piece: str) -> Iterator[str]:
        """Take a piece and yield the complete sentences; a block ends the sentence before it."""
        for run in self._thoughts.feed(self._halves.feed(piece)):
            # The space separates the words around a block.
            yield from self._cutter.feed(" " if run.is_thought else run.text)
            if run.is_thought:
                yield from self._end_sentence()

    def end(self) -> Iterator[str]:
        """Yield the rest."""
        for run in [*self._thoughts.feed(self._halves.end()), *self._thoughts.end()]:
            if run.is_thought:
                self._skip(run.text)
            else:
                yield from self._cutter.feed(run.text)
        yield from self._end_sentence()

    def _end_sentence(self) -> Iterator[str]:
        rest = self._cutter.flush()
        if _may_be_spoken(rest):
            yield rest
        elif rest.strip():
            self._skip(rest)


def sentences_in(pieces: Iterable[str], skip: Callable[[str], object]) -> Iterator[str]:
    """Yield the sentences of a text that comes in pieces, as `Writing` defines them."""
    writing = Writing(skip)
    for piece in pieces:
        yield from writing.feed(piece)
    yield from writing.end()


async def async_sentences_in(
    pieces: AsyncIterable[str] | Iterable[str], skip: Callable[[str], object]
) -> AsyncIterator[str]:
    """Yield the sentences of a text as `sentences_in` does."""
    writing = Writing(skip)
    if isinstance(pieces, Iterable):
        pieces = _as_async(pieces)
    async for piece in pieces:
        for sentence in writing.feed(piece):
            yield sentence
    for sentence in writing.end():
        yield sentence


async def _as_async(pieces: Iterable[str]) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


def _ends_before(text: str, following: str) -> bool:
    """Whether a sentence ends with the text, given the character that follows."""
    if following.isspace() or following in _CLOSERS:
        return False
    body = text.rstrip()
    blanks = text[len(body) :]
    core = body.rstrip(_CLOSERS)
    if core.endswith(tuple(_ENDS_AT_ONCE)):
        return following not in _ENDS_AT_ONCE
    if "\n" in blanks:
        return "\n\n" in blanks or not following.islower()
    if not (blanks and core.endswith(tuple(_ENDS))) or following.islower():
        return False
    return not (core.endswith(".") and _is_abbreviated(core))


def _is_abbreviated(text: str) -> bool:
    """Whether the last word's full stop may be part of it: an abbreviation, an initial, a list number."""
    before, _, word = text[:-1].rpartition(" ")
    word = word.rpartition("\n")[2].lstrip(_OPENERS).lower()
    is_number_of_list = word.isdigit() and not before.strip(" \n*-")
    return is_number_of_list or _ABBREVIATION.fullmatch(word) is not None


def is_speakable(text: str) -> bool:
    """Whether the text contains a letter or a digit."""
    return any(character.isalnum() for character in text)


def _may_be_spoken(text: str) -> bool:
    """Whether the text contains a word or a sign: only the server knows which signs are read. No emoji is."""
    return is_speakable(text) or any(
        not character.isascii() and character < _FIRST_EMOJI and unicodedata.category(character) in _SIGNS
        for character in text
    )


def _last_pause(text: str) -> int:
    """Return where to cut a text that is too long by its last character: at a clause, a word, or its end."""
    for pause in (_CLAUSE_END, _WORD_END):
        ends = [match.end() for match in pause.finditer(text) if len(text) // 2 < match.end() < len(text)]
        if ends and is_speakable(text[: ends[-1]]):
            return ends[-1]
    return len(text) - 1
