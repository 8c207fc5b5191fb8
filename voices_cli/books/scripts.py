"""Raised and lowered text, by its meaning: 10⁶, 21st, H₂O, m², and marks of notes, which are not read."""

import re

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_FIGURES = re.compile(r"[0-9+\-−=()]{0,12}[0-9ni][0-9+\-−=()]{0,12}")
_FRACTION = re.compile(r"(?<![⁰¹²³⁴-⁹])([⁰¹²³⁴-⁹]{1,6})\s?[/⁄∕]\s?([₀-₉]{1,6})")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")

_MARK = re.compile(
    r"[(\[{]?\s*(?:(?:note|fn|n\.)\s*)?(?:[\d⁰¹²³⁴-⁹]{1,4}|[a-z]|[ivxⁱ]{1,6}|[*†‡§¶‖#]{1,3})\s*[)\]}]?\.?",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\[[^\[\]]*\]|\([*†‡]\)|[*†‡§¶‖]{1,3}")
_LONGEST_TARGET = 100
_TARGET = re.compile(
    r"(?:^|[-_.#])(?:(?:foot|end)[^\W\d]{0,40}+[-.]?|(?:fn|ftn|en|n|note|rn)[a-z]*+[-_.]?)\d", re.IGNORECASE
)
_BACK = re.compile(r"[\s↩↑⤴↵⏎^←⮐⇧▲\ufe0e\ufe0f]+")


def raised(text: str) -> str:
    """Return text above the line: exponents as such, ``st`` and ``r`` as they are, note marks not at all."""
    inner = text.strip()
    if _BRACKETED.fullmatch(inner):
        return ""
    return inner.translate(_RAISED) if _FIGURES.fullmatch(inner) else text


def lowered(text: str) -> str:
    """Return text below the line: figures as indices, words after a blank."""
    inner = text.strip()
    if _FIGURES.fullmatch(inner) and not inner.isalpha():
        return inner.translate(_LOWERED)
    return f" {inner}" if inner else text


def plain_fractions(text: str) -> str:
    """Return ``¹/₂`` as ``1/2``."""
    return _FRACTION.sub(lambda match: f"{match[1]}/{match[2]}".translate(_PLAIN), text)


def is_note_mark(text: str, href: str, before: str, *, is_raised: bool, is_called_note: bool) -> bool:
    """Whether a link's text is the mark of a note, and no word of the sentence.

    ``before`` is what stands in front of it: ``see chapter 2`` has a blank there.
    """
    mark = text.strip()
    if not mark or not _MARK.fullmatch(mark):
        return False
    if is_raised or _BRACKETED.fullmatch(mark) or (before.endswith("[") and mark.isdigit()):
        return True
    if mark.isalpha():
        return False
    is_attached = bool(before) and not before[-1].isspace()
    target = href.rpartition("#")[2][:_LONGEST_TARGET]
    return is_called_note or (is_attached and _TARGET.search(target) is not None)


def leads_back(text: str) -> bool:
    """Whether a link shows only an arrow: from a note to its mark."""
    return bool(text) and _BACK.fullmatch(text) is not None
