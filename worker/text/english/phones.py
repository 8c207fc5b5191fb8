"""Telephone numbers: digit by digit, with a breath between their groups."""

import re

from worker.text.english.words import DASH, spelt
from worker.text.reading import Match, Rule

_GROUP = re.compile(r"\d+|[A-Z]+")
_NOUN = re.compile(r"\s(?!(?:now|for|if|and|or|in|when|to|at|from|right|today)\b)[a-z]")
_FREE = "800"


def _spell(match: Match) -> str:
    groups = _GROUP.findall(match.group())
    plus = "plus " if match.group().startswith("+") else ""
    return plus + ", ".join(_spell_group(group) for group in groups)


def _spell_group(group: str) -> str:
    if group == _FREE:
        return "eight hundred"
    return spelt(group) if group.isdecimal() else group


def _spell_local(match: Match) -> str | None:
    # 200-1000 counts something; nobody has a number that ends in so many zeros twice.
    is_range = match.group()[2] == "0" and match.group().endswith("00")
    return None if is_range else _spell(match)


def _spell_short(match: Match) -> str | None:
    # "Call 200 people" counts them.
    counts = _NOUN.match(match.string, match.end())
    return None if counts else spelt(match.group())


PHONES = (
    Rule(
        "international",
        re.compile(r"(?<![\w+])\+\d{1,3}(?:[\s.-]?\(?\d{1,5}\)?){2,6}(?!\w|[.,]\d)"),
        _spell,
    ),
    Rule(
        "ten digits",
        re.compile(
            rf"(?<![\w.(-])(?:1[\s.-])?(?:\(\d{{3}}\)\s?|\d{{3}}[\s.-])\d{{3}}(?:{DASH}|\.|\s)\d{{4}}(?![\w-]|\.\d)"
        ),
        _spell,
    ),
    Rule(
        "with a zero",
        re.compile(r"(?<![\w.,-])\(?0\d{2,4}\)?[\s-]\d{3,4}[\s-]?\d{3,4}(?![\w-]|[.,]\d)"),
        _spell,
    ),
    Rule("in letters", re.compile(r"(?<![\w-])1-8\d\d-(?:\d-)?[A-Z]{3,9}(?:-[A-Z]{2,9})?(?!\w)"), _spell),
    Rule(
        "three digits",
        re.compile(r"(?:(?<=[Cc]all )|(?<=[Cc]alled )|(?<=[Dd]ial ))\d{3}(?!\w|[.,:-]\d|\s?[%$€£])"),
        _spell_short,
    ),
    Rule("seven digits", re.compile(r"(?<![\w.,$€£/-])\d{3}-\d{4}(?![\w%-]|[.,]\d)"), _spell_local),
)
