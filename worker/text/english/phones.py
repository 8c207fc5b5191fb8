"""Telephone numbers: digit by digit, with a pause between their groups."""

import re

from worker.text.english.words import DASH, before, counts_things, spelt
from worker.text.reading import Match, Rule

_GROUP = re.compile(r"\d+|[A-Z]+")
_FREE = "800"
_CALLING = re.compile(
    r"(?i)(?:\b(?:call(?:s|ed|ing)?|dial(?:s|l?ed|l?ing)?|ring(?:s|ing)?|rang|phone(?:d)?|fax|text(?:s|ed|ing)?|sms|"
    r"whatsapp|emergency (?:numbers?|services))"
    r"(?:\s(?:me|us|him|her|them|[A-Z]{2,8}))?(?:\s(?:at|on|to|is|are))?:?\s)"
    r"(?:\d[\d -]{2,13}(?:\s?\([A-Za-z ]{1,20}\))?(?:,|,?\s(?:or|and)|\s?/)\s?){0,6}\Z"
)
"""Text before a telephone number, including other numbers of a list."""
_GROUPS_OF_TEN = re.compile(r"(1)?(\d{3})(\d{3})(\d{4})")
_GROUPS_OF_ELEVEN = re.compile(r"(\d{5})(\d{3})(\d{3})")


def _spell(match: Match) -> str:
    groups = _GROUP.findall(match.group())
    plus = "plus " if match.group().startswith("+") else ""
    return plus + ", ".join(_spell_group(group) for group in groups)


def _spell_group(group: str) -> str:
    if group == _FREE:
        return "eight hundred"
    return spelt(group) if group.isdecimal() else group


def _spell_local(match: Match) -> str | None:
    # 200-1000 is a count; no telephone number has two groups that end in so many zeros.
    is_range = match.group()[2] == "0" and match.group().endswith("00")
    return None if is_range else _spell(match)


def _spell_called(match: Match) -> str | None:
    # "Call 200 people" is a count.
    if counts_things(match) or not _CALLING.search(before(match)):
        return None
    return spelt(match.group()) if match["apart"] else _spell(match)


def _spell_run(match: Match) -> str | None:
    run = match.group()
    if run.endswith("000") or counts_things(match):
        return None
    groups = _GROUPS_OF_TEN.fullmatch(run) or _GROUPS_OF_ELEVEN.fullmatch(run)
    return ", ".join(_spell_group(group) for group in groups.groups() if group) if groups else None


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
        "ten or eleven in a run",
        re.compile(r"(?<![\w.,$€£¥+/#-])\d{10,11}(?![\w%°]|[.,-]\d|\s?[$€£¥])"),
        _spell_run,
    ),
    Rule(
        "called",
        re.compile(
            r"(?<![\w.,$€£/-])(?:(?P<apart>\d-\d-\d)|\d{3,5}(?:\s\d{2,5}){1,3}|\d{3}|\d{5,12})(?!\w|[.,:/-]\d|\s?[%$€£]|\s\d)"
        ),
        _spell_called,
    ),
    Rule(
        "emergency",
        re.compile(
            r"(?<![\w.,$€£/-])(?:911|999|112)(?=[\s-](?:call|operator|dispatcher|emergency|service)s?\b)"
        ),
        _spell,
    ),
    Rule("seven digits", re.compile(r"(?<![\w.,$€£/-])\d{3}-\d{4}(?![\w%-]|[.,]\d)"), _spell_local),
)
