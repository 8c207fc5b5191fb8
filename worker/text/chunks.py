"""Text chunks: what is spoken in one go, short enough for the model to stay stable."""

import re

from worker.text.tags import TAG

MAX_CHUNK_CHARACTERS = 250
"""About 18 s of speech; Turbo grows unstable past about 300 characters."""
FIRST_CHUNK_CHARACTERS = 120
"""The first text chunk is short, because nothing is heard before it is decoded."""

_CLOSERS = "\"'”’»)\\]"  # noqa: RUF001
_SENTENCE_END = re.compile(rf"[.!?…]+[{_CLOSERS}]*(?=\s)|[。！？]+[{_CLOSERS}」』]*")  # noqa: RUF001
_CLAUSE_END = re.compile(rf"[,;:][{_CLOSERS}]*(?=\s)|\s(?=[–—-]\s)|[、，；：]")  # noqa: RUF001
_WORD_END = re.compile(r"(?=\s)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Za-z]|Mrs?|Ms|Dr|Prof|Sr|Jr|St|Mt|vs|etc|No|Inc|Ltd|Co|approx|Fig|(?:[A-Za-z]\.)+[A-Za-z])\.$",  # noqa: RUF001
)


def split_text(
    text: str, *, limit: int = MAX_CHUNK_CHARACTERS, first_limit: int = FIRST_CHUNK_CHARACTERS
) -> list[str]:
    """Split normalised text at sentences, else at clauses, else at words.

    Joined again with the blanks between them, the text chunks are ``text``. None is longer than
    ``limit``, the first not than ``first_limit`` where a sentence or a clause ends before that.
    """
    ends = _sentence_ends(text)
    chunks: list[str] = []
    start = 0
    while start < len(text):
        wanted = limit if chunks else first_limit
        end = _last_within(ends, start, wanted) or _cut_inside(text, start, wanted, limit)
        if chunk := text[start:end].strip():
            chunks.append(chunk)
        start = end
    return chunks


def _sentence_ends(text: str) -> list[int]:
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if not _is_abbreviation(text, match)]
    return [*ends, len(text)]


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    return match.group() == "." and bool(_ABBREVIATION.search(text, max(match.end() - 20, 0), match.end()))


def _last_within(ends: list[int], start: int, limit: int) -> int | None:
    within = [end for end in ends if start < end <= start + limit]
    return within[-1] if within else None


def _cut_inside(text: str, start: int, wanted: int, limit: int) -> int:
    """Cut a sentence that is longer than ``wanted``: at a clause, else as long as it may be, at a word."""
    for pattern, room in (
        (_CLAUSE_END, wanted),
        (_SENTENCE_END, limit),
        (_CLAUSE_END, limit),
        (_WORD_END, limit),
    ):
        window = range(start + 1, min(start + room, len(text)) + 1)
        cuts = [match.end() for match in pattern.finditer(text, start) if match.end() in window]
        if cuts := [cut for cut in cuts if not _inside_tag(text, cut)]:
            return cuts[-1]
    return min(start + limit, len(text))


def _inside_tag(text: str, cut: int) -> bool:
    return any(match.start() < cut < match.end() for match in TAG.finditer(text))
