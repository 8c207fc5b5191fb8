"""Elements of HTML, SSML and XML: recognising them, and the text that replaces each."""

import re
from typing import NamedTuple

from worker.text.thoughts import NAMES as THOUGHTS

PAUSE = ", "
"""Replaces an element that stands for a short break."""
_PARAGRAPH = (
    "address article aside blockquote body caption center chapter details dialog div dl fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend main menu nav ol p pre section speak "
    "summary table tbody tfoot thead title ul voice"
)
_POINT = "li dd dt option"
_INLINE = (
    "a abbr acronym area b base basefont bdi bdo big button cite code col colgroup data datalist del dfn em "
    "embed font g i iframe img input ins kbd label link map mark meta meter nobr object "
    "optgroup output param path picture progress q rb ruby samp select small source span "
    "strike strong sub sup svg textarea time track tt u var video wbr"
)
_OF_SPEECH = "audio desc emphasis lang lexicon lookup phoneme prosody s say-as token w"
_EFFECTS = {
    **dict.fromkeys(_PARAGRAPH.split(), "\n\n"),
    **dict.fromkeys(_POINT.split(), "\n- "),
    **dict.fromkeys([*_INLINE.split(), *_OF_SPEECH.split()], ""),
    "br": "\n",
    "tr": "\n| ",
    "td": "",
    "th": "",
    "break": PAUSE,
    "q": "“",
}
_WITHIN_WORDS = frozenset(_INLINE.split())
_HIDDEN = {
    "style",
    "script",
    "template",
    "noscript",
    "head",
    "metadata",
    "rp",
    "rt",
    "iframe",
    "canvas",
    "annotation",
}
"""Elements whose content browsers do not show, or that repeats other text."""
_UNREAD = _HIDDEN | set(THOUGHTS)
_BARE_ATTRIBUTES = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|contenteditable|controls|crossorigin|default|defer|disabled|"
    "download|draggable|formnovalidate|hidden|inert|ismap|itemscope|loop|multiple|muted|nohref|nomodule|noshade|"
    "novalidate|nowrap|open|playsinline|readonly|required|reversed|selected|translate|truespeed"
)
_NAME = r"[A-Za-z][A-Za-z0-9]*+(?:[.:_-][A-Za-z0-9]++)*+"
_ATTRIBUTE = (
    r"(?P<attribute>[A-Za-z_:@][\w:.@-]*+)\s*+=\s*+"
    r"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<word>[^\s\"'<>=`]++))"
)
_ATTRIBUTES = re.compile(rf"(?<![\w:.@-]){_ATTRIBUTE}")
_UNNAMED = re.sub(r"\?P<\w+>", "?:", _ATTRIBUTE)
_ELEMENT = re.compile(
    rf"<(?P<close>/)?(?P<name>{_NAME})"
    rf"(?P<attributes>(?:\s*+(?<=[\s\"'])(?:{_UNNAMED}|(?:{_BARE_ATTRIBUTES})(?![\w-]))){{0,60}}+)"
    r"\s*+(?P<empty>/)?>",
    re.IGNORECASE,
)
_BEGUN = re.compile(
    rf"<(?:\Z|[/?!]\Z|/?{_NAME}(?:\Z|[.:_-]\Z"
    rf"|(?:\s*+(?<=[\s\"'])(?:{_UNNAMED}(?!\Z)|(?:{_BARE_ATTRIBUTES})(?![\w-]))){{0,60}}+"
    r"\s*+(?:/?\Z|(?<=[\s\"'])[A-Za-z_:@][\w:.@-]*+\s*+(?:\Z|=\s*+(?:\Z|\"[^\"]*+\"?+\Z|'[^']*+'?+\Z|[^\s\"'<>=`]++\Z)))))",
    re.IGNORECASE,
)
_CLOSING = re.compile(rf"</({_NAME})\s*+>")
_CELL_FOLLOWS = re.compile(r"\s*+<t[dh][\s>]", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_PLAIN = re.compile(r"[A-Za-z0-9]")
_MARKED = re.compile(r"[<&]")
_BY_CONTENT = {"say-as", "sub", "sup"}
"""Elements that change the meaning of their content."""
_LONGEST_CONTENT = 200
_SPELT = {"characters", "digits", "digit", "spell-out", "verbatim"}
_LONG_BREAK = re.compile(r"(?:[1-9]\d*+(?:\.\d*+)?s|[1-9]\d{3,}+(?:\.\d*+)?ms)\Z")


class Reading(NamedTuple):
    """``text`` replaces everything up to ``end``."""

    end: int
    text: str


class Elements:
    """The elements of one text; looked up one by one, in linear time overall."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._closings: dict[str, list[re.Match[str]]] = {}
        for match in _CLOSING.finditer(text):
            self._closings.setdefault(match[1].lower(), []).append(match)
        for matches in self._closings.values():
            matches.reverse()

    def is_begun(self, at: int) -> bool:
        """Whether an element begins at ``at`` and is cut off by the text's end."""
        return _BEGUN.match(self._text, at) is not None

    def hides(self, at: int) -> str | None:
        """Return the name of the element at ``at`` if its content is not spoken."""
        match = _ELEMENT.match(self._text, at)
        if match is None or match["close"] or match["empty"]:
            return None
        name = match["name"].lower()
        return name if name in _UNREAD else None

    def is_closed(self, at: int) -> bool:
        """Whether the element at ``at`` is closed in this text."""
        match = _ELEMENT.match(self._text, at)
        return match is not None and self._closing(match["name"].lower(), match.end()) is not None

    def parts_words(self, at: int) -> bool:
        """Whether the element at ``at`` separates two words."""
        match = _ELEMENT.match(self._text, at)
        return match is not None and match["name"].lower() not in _WITHIN_WORDS

    def is_thought(self, name: str) -> bool:
        """Whether elements of this name contain a language model's thoughts."""
        return name in THOUGHTS

    def read(self, at: int) -> Reading | None:
        """Return the replacement of the element at ``at``; None if there is no element."""
        match = _ELEMENT.match(self._text, at)
        if match is None or not self._is_element(match):
            return None
        name, end = match["name"].lower(), match.end()
        if match["close"]:
            return Reading(end, self._effect_of_closing(name, end))
        closing = None if match["empty"] else self._closing(name, end)
        content = self._text[end : closing.start()] if closing and name in _BY_CONTENT else ""
        text = _said(name, _attributes(match["attributes"]), content)
        if closing and (name in _UNREAD or (text is not None and name in _BY_CONTENT)):
            end = closing.end()
        return Reading(end, _EFFECTS.get(name, "") if text is None else text)

    def _effect_of_closing(self, name: str, end: int) -> str:
        if name in {"td", "th"}:
            return ", " if _CELL_FOLLOWS.match(self._text, end) else ""
        if name == "q":
            return "”"
        effect = _EFFECTS.get(name, "")
        return "\n" if effect in {"\n- ", "\n| ", "\n"} else effect if effect.isspace() else ""

    def _closing(self, name: str, position: int) -> re.Match[str] | None:
        """Return the first closing tag of ``name`` after ``position``; calls must be in the text's order."""
        left = self._closings.get(name, [])
        while left and left[-1].start() < position:
            left.pop()
        return left[-1] if left else None

    def _is_element(self, match: re.Match[str]) -> bool:
        """Whether it is an element, and not a comparison, a type or a placeholder in angle brackets."""
        if match["close"] or "=" in match["attributes"]:
            return True
        written = match["name"]
        name = written.lower()
        is_known = (name in _EFFECTS or name in _UNREAD) and written in {name, written.upper()}
        if not is_known and self._closing(name, match.end()) is None:
            # A tag touches its content; a placeholder has spaces around it like a word.
            is_compound = not written.isalnum() and written.islower()
            return bool(match["empty"]) or (
                is_compound and self._text[match.end() : match.end() + 1].isalnum()
            )
        is_glued = self._text[match.start() - 1 : match.start()].isalnum()
        if is_glued and not match["empty"] and _EFFECTS.get(name, "") == "" and name not in {"wbr", "img"}:
            return self._closing(name, match.end()) is not None
        return True


def _attributes(written: str) -> dict[str, str]:
    return {
        match["attribute"].lower(): match["double"] or match["single"] or match["word"] or ""
        for match in _ATTRIBUTES.finditer(written)
    }


def _said(name: str, attributes: dict[str, str], content: str) -> str | None:
    """Return the text that an element contributes by its attributes or a short content."""
    said = None
    if name == "img":
        said = f" {attributes['alt']} " if attributes.get("alt") else ""
    elif name == "break":
        is_long = _LONG_BREAK.match(attributes.get("time", "")) is not None
        said = "\n\n" if is_long or attributes.get("strength") in {"strong", "x-strong"} else None
    elif name == "sub" and attributes.get("alias"):
        said = attributes["alias"]
    elif name in _BY_CONTENT and 0 < len(content) <= _LONGEST_CONTENT and not _MARKED.search(content):
        if name != "say-as":
            moved = content.strip().translate(_RAISED if name == "sup" else _LOWERED)
            said = moved if not _PLAIN.search(moved) else None
        elif attributes.get("interpret-as", "").lower() in _SPELT:
            said = " ".join(content.replace(" ", ""))
    return said
