"""Joins lines: verse keeps a pause at each line end, and hyphenated words of wrapped prose are restored."""

import re
from collections.abc import Collection, Sequence

_PAUSED = ".,;:!?…—–-\"”’')»(“‘«"
_CUT = re.compile(r"(?<![-–—])\b([^\W\d_]{2,})-$")
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_KEEP_HYPHEN_AFTER = re.compile(
    r"all|bad|brother|cross|daughter|ex|fair|father|first|full|good|great|half|hard|high|ill|light|long|low|mother"
    r"|new|non|old|second|self|short|sister|son|third|well|two|three|four|five|six|seven|eight|nine|ten"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
)
"""First parts of compounds that keep their hyphen."""


def join_verse(lines: Sequence[str]) -> str:
    """Join lines of verse, with a comma unless punctuation or a lower-case letter joins them."""
    parts: list[str] = []
    for line in filter(None, (each.strip() for each in lines)):
        if parts:
            parts.append(" " if parts[-1][-1] in _PAUSED or not line[0].isupper() else ", ")
        parts.append(line)
    return "".join(parts)


def join_wrapped(lines: Sequence[str], words: Collection[str]) -> str:
    """Join wrapped lines; ``words`` are the words of the whole text, in lower case.

    A hyphenated word (``citi-`` ``zens``) is restored, and a compound keeps its hyphen.
    """
    parts: list[str] = []
    for line in (each.strip() for each in lines):
        cut, after = _CUT.search(parts[-1]) if parts else None, _NEXT_WORD.match(line)
        if not (cut and after):
            parts += [" ", line] if parts else [line]
            continue
        if after.group()[0].islower() and _was_whole(cut[1].lower(), after.group().lower(), words):
            parts[-1] = parts[-1][:-1]
        parts.append(line)
    return "".join(parts)


def _was_whole(first: str, second: str, words: Collection[str]) -> bool:
    """Whether a hyphen at a line end only divides a word, judged by the text's other words."""
    if f"{first}{second}" in words:
        return True
    if f"{first}-{second}" in words or _KEEP_HYPHEN_AFTER.fullmatch(first):
        return False
    return not (first in words and second in words)
