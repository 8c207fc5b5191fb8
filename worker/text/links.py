"""Links in Markdown: their words are spoken; addresses, labels and link definitions are not."""

import re

from worker.text.draft import Draft
from worker.text.reading import Match

_DEFINITION = re.compile(
    r"^[ ]{0,3}+\[(?!\^)(?P<label>[^\[\]\n]{1,200}+)\]:[ \t]*+(?:\r?\n[ \t]*+)?"
    r"(?P<address><[^<>\n]*+>|[^\s<>]++)"
    r"(?:[ \t]*+(?:\r?\n[ \t]++)?(?:\"[^\"\n]*+\"|'[^'\n]*+'|\([^()\n]*+\)))?+[ \t]*+(?:\r?\n|\Z)",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"<|[#/.]|[A-Za-z][\w.+-]*+:|[^\s./]*+[./]\w")
_NOTE = re.compile(r"^[ ]{0,3}+\[\^[^\[\]\n]{1,40}+\]:[ \t]*+", re.MULTILINE)
_BRACKET = re.compile(r"\\.|[\[\]]|\n[ \t\r]*+\n", re.DOTALL)
_TARGET = re.compile(
    r"\(\s*+(?:<[^<>\n]*+>|(?:[^\s()<>]++|\([^\s()]*+\))*+)(?:\s++(?:\"[^\"]*+\"|'[^']*+'|\([^()]*+\)))?+\s*+\)"
)
_LABEL = re.compile(r"[ ]?\[(?P<label>[^\[\]\n]{0,200}+)\]")
_PAGE = re.compile(r"\[\[(?:[^\[\]|\n]{1,200}+\|)?(?=[^\[\]|\n]{1,200}+\]\])")
_LONGEST = 1_000
"""Characters of a link's words."""


def labels(text: str) -> frozenset[str]:
    """Return the labels that a text defines, for links such as ``[the guide][1]``."""
    if "]:" not in text:
        return frozenset()
    return frozenset(_label(match["label"]) for match in _DEFINITION.finditer(text) if _is_definition(match))


def without_definitions(draft: Draft) -> Draft:
    """Return the draft without link definitions; a note keeps its words and loses its mark."""
    if "]:" not in draft.text:
        return draft
    return draft.sub(_DEFINITION, lambda match: "" if _is_definition(match) else None).sub(
        _NOTE, lambda _: "- "
    )


def _is_definition(match: Match) -> bool:
    return _ADDRESS.match(match["address"]) is not None


def _label(written: str) -> str:
    return " ".join(written.lower().split())


class Links:
    """The links of one text."""

    def __init__(self, text: str, defined: frozenset[str]) -> None:
        self._text = text
        self._labels = defined
        self._ends = _pairs(text)

    def at(self, start: int) -> tuple[int, int, int] | None:
        """Return the start and end of the words of the link at ``start``, and the end of the link."""
        text = self._text
        if page := _PAGE.match(text, start):
            end = text.index("]]", page.end())
            return page.end(), end, end + 2
        bracket = start + text.startswith("!", start)
        end = self._ends.get(bracket, -1)
        if not 0 <= end - bracket <= _LONGEST:
            return None
        words = text[bracket + 1 : end]
        if target := _TARGET.match(text, end + 1):
            return bracket + 1, end, target.end()
        found = _LABEL.match(text, end + 1)
        if found and not words.isdecimal():
            label = _label(found["label"] or words)
            is_close = found.group()[0] == "["
            if label in self._labels or (is_close and (label.isdecimal() or not found["label"])):
                return bracket + 1, end, found.end()
        if self._labels and _label(words) in self._labels:
            return bracket + 1, end, end + 1
        return None


def _pairs(text: str) -> dict[int, int]:
    """Return for each square bracket the one that closes it within its paragraph."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match.group() == "[":
            opened.append(match.start())
        elif match.group() == "]":
            if opened:
                pairs[opened.pop()] = match.start()
        elif match.group()[0] == "\n":
            opened.clear()
    return pairs
