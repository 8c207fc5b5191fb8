"""Superscript and subscript text by meaning: 10⁶, 21st, H₂O, m², and note marks, which are not read."""

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
    """Convert superscript text: digits to exponents, note marks to nothing; ``st`` and ``r`` stay."""
    inner = text.strip()
    if _BRACKETED.fullmatch(inner):
        return ""
    return inner.translate(_RAISED) if _FIGURES.fullmatch(inner) else text


def lowered(text: str) -> str:
    """Convert subscript text: digits to indices; words are set off by a blank."""
    inner = text.strip()
    if _FIGURES.fullmatch(inner) and not inner.isalpha():
        return inner.translate(_LOWERED)
    return f" {inner}" if inner else text


def plain_fractions(text: str) -> str:
    """Return ``¹/₂`` as ``1/2``."""
    return _FRACTION.sub(lambda match: f"{match[1]}/{match[2]}".translate(_PLAIN), text)


def is_note_mark(text: str, href: str, before: str, *, is_raised: bool, is_called_note: bool) -> bool:
    """Whether a link's text is a note mark rather than a word of the sentence.

    ``before`` is the text in front of it, which ends in a blank in ``see chapter 2``.
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
    """Whether a link's text is only an arrow, which leads from a note back to its mark."""
    return bool(text) and _BACK.fullmatch(text) is not None
