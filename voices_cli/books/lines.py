"""Lines become one: verse keeps a pause at each line's end, and wrapped prose gets its cut words back."""

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
"""First parts of words that have a hyphen of their own."""


def join_verse(lines: Sequence[str]) -> str:
    """Return lines of verse on one, with a comma where neither a mark nor a small letter joins them."""
    parts: list[str] = []
    for line in filter(None, (each.strip() for each in lines)):
        if parts:
            parts.append(" " if parts[-1][-1] in _PAUSED or not line[0].isupper() else ", ")
        parts.append(line)
    return "".join(parts)


def join_wrapped(lines: Sequence[str], words: Collection[str]) -> str:
    """Return wrapped lines on one; ``words`` are those of the whole text, in small letters.

    A word that was cut (``citi-`` ``zens``) becomes whole, and one with a hyphen of its own keeps it.
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
    """Whether a hyphen at a line's end only cut a word; the text's other words tell."""
    if f"{first}{second}" in words:
        return True
    if f"{first}-{second}" in words or _KEEP_HYPHEN_AFTER.fullmatch(first):
        return False
    return not (first in words and second in words)
