"""Text chunks: what is spoken in one go, short enough for the model to stay stable."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.text.normalize import clean_text, is_speakable, looks_latin, rules_for
from worker.text.packing import Part, pack
from worker.text.prepared import prepared_sentences
from worker.text.reading import Piece, joined, read_aloud
from worker.text.sentences import Pause
from worker.text.tags import TAG

MAX_CHUNK_CHARACTERS = 250
"""About 18 s of speech; Turbo grows unstable past about 300 characters."""
FIRST_CHUNK_CHARACTERS = 120
"""The first text chunk is short, because nothing is heard before it is decoded."""

_FULL_STOPS = {Pause.SENTENCE, Pause.PARAGRAPH}
_CLOSERS = " )\"'”’»"
_ANOTHER_LANGUAGE = "und"


@dataclass(frozen=True, slots=True)
class TextChunk:
    """What an engine speaks in one go."""

    text: str
    """As it is to be spoken: normalised, on one line."""
    start: int
    end: int
    """It says ``request.text[start:end]``; the spans of a request follow one another without overlapping."""
    pause: Pause
    """What follows it; after the last one, the end of the text counts as a paragraph's."""


def split_text(
    text: str,
    *,
    language: str | None = None,
    normalize: bool = True,
    limit: int = MAX_CHUNK_CHARACTERS,
    first_limit: int = FIRST_CHUNK_CHARACTERS,
) -> Iterator[TextChunk]:
    """Yield text chunks as they are found: whole sentences, else clauses, else words.

    None takes longer to speak than ``limit`` Latin letters, the first not longer than ``first_limit``
    where a sentence or a clause ends before that. A paragraph ends a text chunk. Nothing that a rule has
    put into words is cut, and a tag never is.
    """
    position = 0
    for parts in pack(_sentence_parts(text, language, normalize=normalize), limit, first_limit):
        said = (part for part in parts if part.text)
        spoken = "".join(f"{' ' if part.after_blank else ''}{part.text}" for part in said).strip()
        if is_speakable(spoken) or TAG.search(spoken):
            # Where one sign of the text is cut in two, the first of the two has it.
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


def _with_full_stop(pieces: list[Piece]) -> list[Piece]:
    """End a heading, or an abbreviation whose dot was put into words, as other sentences end."""
    if not joined(pieces).rstrip(_CLOSERS)[-1:].isalnum():
        return pieces
    return [*pieces, Piece(pieces[-1].end, pieces[-1].end, ".", is_verbatim=False)]
