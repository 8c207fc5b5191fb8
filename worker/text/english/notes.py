"""Note marks: small figures after a word that refer to a note and are not read aloud."""

import re

from worker.text.english.abbreviation_words import ABBREVIATIONS_BEFORE_DOT, BEFORE_FIGURES
from worker.text.english.units import LENGTHS
from worker.text.english.words import before
from worker.text.reading import Match, Rule

_SUPERSCRIPTS = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"
_FUNCTIONS = {"sin", "cos", "tan", "log", "ln", "exp"}
_LAST_WORD = re.compile(
    r"(?<![^\s(\[\"“‘—–/])([A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’-]*[A-Za-zÀ-ÿ])[.!?,;:\"”’)]{0,3}(?:\[\d{1,3}\])*\Z"
)
_CLOSERS = "[\"”’')]"
_OPERAND = re.compile(r"[=+×*/÷<>≤≥≈]\s?[A-Za-z]{1,20}\Z|[\d)²³]\s?[-\N{MINUS SIGN}]\s?[A-Za-z]{1,2}\Z")
_OPERATOR = re.compile(r"\s?[=+×÷<>≤≥≈]\s?\S")
"""Next to a raised figure in a formula, as in E = mc²."""


def _drop_after_text(match: Match) -> str | None:
    """Drop the figures, unless no text precedes them that a note could refer to."""
    return "" if any(map(str.isalnum, before(match))) else None


def _drop_raised(match: Match) -> str | None:
    is_formula = _OPERAND.search(before(match)) or _OPERATOR.match(match.string, match.end())
    return None if is_formula else _drop_after_word(match)


def _drop_after_word(match: Match) -> str | None:
    """Drop the figures after a whole word that is not a unit, a function or an abbreviation."""
    word = found[1] if (found := _LAST_WORD.search(before(match))) else ""
    is_other = word in LENGTHS.keys() | _FUNCTIONS | ABBREVIATIONS_BEFORE_DOT | BEFORE_FIGURES
    return None if is_other or not word[-1:].islower() else ""


NOTES = (
    Rule(
        "raised mark",
        re.compile(rf"(?<=[^\W\d_]){_SUPERSCRIPTS}{{1,3}}(?:[,⁻⁽⁾˒]{_SUPERSCRIPTS}{{1,3}}){{0,4}}(?![\w⁻⁺])"),
        _drop_raised,
        drops=True,
    ),
    Rule(
        "raised mark after a stop",
        re.compile(rf"(?<=[.,;:!?\"”’]){_SUPERSCRIPTS}{{1,3}}(?![\w⁻⁺])"),
        _drop_after_text,
        drops=True,
    ),
    Rule(
        "mark after a full stop",
        re.compile(rf"(?<=[.!?\"”’)])[1-9]\d{{0,2}}(?={_CLOSERS}?(?:\s+(?![AP]\.?M\b)[\"“‘'(]?[A-Z]|\s*\Z))"),
        _drop_after_word,
        drops=True,
    ),
    Rule(
        "mark after a quotation",
        re.compile(r"(?<=[.,!?][\"”])[1-9]\d{0,2}(?=\s|\Z)"),
        _drop_after_text,
        drops=True,
    ),
    Rule(
        "mark in brackets",
        re.compile(
            r"(?<=[a-z.,;:!?\"”’)\]])\[(?:[1-9]\d{0,2}|note \d{1,3}|citation needed)\](?::\d{1,4}\b)?"
            r"(?=\s(?![=<>+*/-])|[.,;:!?)\"”’]{1,3}(?:\s|\Z|\[\d)|\[\d|\Z)"
        ),
        _drop_after_word,
        drops=True,
    ),
)
"""They go first: dropped marks must not become part of a number."""
