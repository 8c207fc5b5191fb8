"""Text chunks: the unit that an engine speaks, short enough for the model to stay stable."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.text.normalize import clean_text, is_speakable, looks_latin, rules_for
from worker.text.packing import Part, pack
from worker.text.prepared import prepared_sentences
from worker.text.reading import SpokenPiece, joined, read_aloud
from worker.text.sentences import Pause
from worker.text.tags import TAG

MAX_CHUNK_CHARACTERS = 250
"""About 18 s of speech; Turbo becomes unstable above about 300 characters."""
FIRST_CHUNK_CHARACTERS = 120
"""The first text chunk is short, because the first audio waits for all of its tokens."""

_FULL_STOPS = {Pause.SENTENCE, Pause.PARAGRAPH}
_CLOSERS = " )\"'”’»"
_ANOTHER_LANGUAGE = "und"


@dataclass(frozen=True, slots=True)
class TextChunk:
    """The text that an engine speaks in one call."""

    text: str
    """The text to speak: normalised, on one line."""
    start: int
    end: int
    """The chunk speaks ``request.text[start:end]``; a request's spans are in order and do not overlap."""
    pause: Pause
    """The pause after it; after the last chunk, that of a paragraph."""


def split_text(
    text: str,
    *,
    language: str | None = None,
    normalize: bool = True,
    limit: int = MAX_CHUNK_CHARACTERS,
    first_limit: int = FIRST_CHUNK_CHARACTERS,
) -> Iterator[TextChunk]:
    """Yield text chunks as they are found: whole sentences, else clauses, else words.

    None takes longer to speak than ``limit`` Latin letters, nor the first than ``first_limit`` if a sentence
    or a clause ends before that. A paragraph ends a text chunk. Words made by a rule, and tags, are never
    cut.
    """
    position = 0
    for parts in pack(_sentence_parts(text, language, normalize=normalize), limit, first_limit):
        said = (part for part in parts if part.text)
        spoken = "".join(f"{' ' if part.after_blank else ''}{part.text}" for part in said).strip()
        if is_speakable(spoken) or TAG.search(spoken):
            # If one character of the text was cut in two, the first chunk gets its span.
            start = max(parts[0].place[0], position)
            position = max(parts[-1].place[1], start)
            yield TextChunk(spoken, start, position, parts[-1].pause)


def _sentence_parts(text: str, language: str | None, *, normalize: bool) -> Iterator[Part]:
    rules = rules_for(language, normalize=normalize)
    other_rules = rules_for(_ANOTHER_LANGUAGE, normalize=normalize)
    for prepared in prepared_sentences(text, normalize=normalize):
        draft, sentence = prepared.draft, prepared.sentence
        written = draft.text[sentence.start : sentence.end]
        is_latin = looks_latin(written)
        pieces = read_aloud(written, rules if is_latin else other_rules)
        if normalize and is_latin and sentence.pause in _FULL_STOPS:
            pieces = _with_full_stop(pieces)
        yield Part(
            clean_text(joined(pieces)),
            sentence.start,
            sentence.end,
            sentence.pause,
            after_blank=sentence.start > 0 and draft.text[sentence.start - 1].isspace(),
            draft=draft,
            pieces=tuple(pieces),
        )


def _with_full_stop(pieces: list[SpokenPiece]) -> list[SpokenPiece]:
    """Add the full stop to a heading, or to an abbreviation whose dot was spoken as a word."""
    if not joined(pieces).rstrip(_CLOSERS)[-1:].isalnum():
        return pieces
    return [*pieces, SpokenPiece(pieces[-1].end, pieces[-1].end, ".", is_verbatim=False)]
