"""Rules for abbreviations: a title, a street, initials; each found by the text around it."""

import re

from worker.text.english.abbreviation_words import (
    ANYWHERE,
    COUNTED,
    COUNTED_OR_CAPITAL,
    DOTTED,
    NO_NAMES,
    NUMBERED_PLACES,
    OPENING,
    SHOUTED,
    SMALL,
    STREETS,
    TITLES,
)
from worker.text.english.words import alternatives, before
from worker.text.reading import Match, Rule

_ADDRESS = re.compile(
    r"\b\d{1,5}[A-Za-z]?\s(?:[NSEW]{1,2}\.?\s)?(?:[A-Z][\w’']*\.?\s){1,3}\Z|\d(?:st|nd|rd|th)\s\Z"
)
_NAME = rf"(?=[*_]{{0,3}}\s*[*_]{{0,3}}(?!(?:{OPENING})\b)[A-Z])"
_CAPITAL = rf"(?!(?:{OPENING})\b)[A-Z]"


def _saint_or_street(match: Match) -> str:
    return "Street" if match["street"] else "Saint"


def _doctor_or_drive(match: Match) -> str:
    return "Drive" if match["drive"] else "Doctor"


def _letters(match: Match) -> str:
    return " ".join(letter for letter in match.group() if letter.isalpha())


def _street(match: Match) -> str | None:
    return STREETS[match["word"]] if _ADDRESS.search(before(match)) else None


def _number_word(match: Match) -> str:
    word = COUNTED[match["word"].lower()]
    return word.capitalize() if match["word"][0].isupper() else word


BEFORE_NUMBERS = (
    Rule(
        "before a number",
        re.compile(rf"\b(?P<word>{alternatives(COUNTED_OR_CAPITAL)})\.(?=\s?\d|\s\(\d)"),
        _number_word,
    ),
)
"""These rules go first: they need the figures that other rules put into words."""

ABBREVIATIONS = (
    Rule(
        "dotted",
        re.compile(rf"(?<![\w.])(?:{alternatives(DOTTED)})(?!\w)|(?<!\w)w/(?=\w)"),
        lambda match: DOTTED[match.group()] + (" " if match.group() == "w/" else ""),
    ),
    Rule(
        "title",
        re.compile(rf"\b(?P<word>{alternatives(TITLES)})\.{_NAME}|\b(?P<plain>Mr|Mrs)\b\.?+"),
        lambda match: TITLES[match["word"] or match["plain"]],
    ),
    Rule(
        "title in capitals",
        re.compile(rf"\b(?P<word>{alternatives(SHOUTED)})\.(?=\s?[A-Z]{{2}})"),
        lambda match: SHOUTED[match["word"]],
    ),
    Rule(
        "title in small letters",
        re.compile(rf"\b(?P<word>{alternatives(SMALL)})\.(?=\s[a-z]{{2}})(?<!\bthe\s..\.)"),
        lambda match: SMALL[match["word"]],
    ),
    Rule(
        "versus",
        re.compile(r"\bvs\b(?!\.)|(?<=[a-z.)]\s)\bv\b\.?(?=\s[A-Z][a-z])"),
        lambda _: "versus",
    ),
    Rule(
        "numbered place",
        re.compile(rf"\b(?P<word>{alternatives(NUMBERED_PLACES)})\.?(?=\s#?\d)"),
        lambda match: NUMBERED_PLACES[match["word"]],
    ),
    Rule("street", re.compile(rf"\b(?P<word>{alternatives(STREETS)})\b(?:\.(?!\s+[A-Z]|\s*\Z))?"), _street),
    Rule(
        "known road", re.compile(r"(?<=[a-z]\s)(?:Blvd|Pkwy)\b(?!\.)"), lambda match: STREETS[match.group()]
    ),
    Rule(
        "doctor",
        re.compile(rf"(?P<drive>(?<=[a-z]\s)\bDr\b\.?+(?!\s*(?!(?:{NO_NAMES})\b)[A-Z]))|\bDr\b\.?"),
        _doctor_or_drive,
    ),
    Rule(
        "saint",
        re.compile(
            rf"(?P<street>(?<=[a-z]\s)\bSt\b\.?+(?!\s*{_CAPITAL}[a-z])|(?<=\dth\s)\bSt\b\.?|(?<=[a-z]\s)\bSt,)"
            r"|\bSt\b(?:\.(?=\s*[A-Z])|(?=\s+[A-Z]))"
        ),
        _saint_or_street,
    ),
    Rule(
        "anywhere",
        re.compile(rf"\b(?P<word>{alternatives(ANYWHERE)})\.(?!\w)"),
        lambda m: ANYWHERE[m["word"]],
    ),
    Rule(
        "initials",
        re.compile(r"(?<![\w.])(?:[A-Z]\.){2,}(?:[A-Z](?![\w]))?|(?<![\w.])[A-Z]\.(?=\s?[A-Z][a-z.])"),
        _letters,
    ),
    Rule("letters and small ones", re.compile(r"(?<![\w.])(?:[a-z]\.){2,}(?!\w)"), _letters),
)
