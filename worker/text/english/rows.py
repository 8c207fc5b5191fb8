"""Weekdays and months in a series: Mon-Fri, Tue/Thu, Jan & Feb."""

import re

from worker.text.english.dates import MONTHS, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS
from worker.text.english.words import alternatives
from worker.text.reading import Match, Rule

_NAMES = {name.lower(): full for name, full in (SHORT_WEEKDAYS | SHORT_MONTHS).items()}
_FULL = {*MONTHS, *WEEKDAYS}
_PEOPLE = {"Jan", "Jun", "April", "May", "June", "August"}
"""Also names of people: after "and", another month must show that months are meant."""
_SIGNS = {"-": " to ", "\N{EN DASH}": " to ", "\N{EM DASH}": " to ", "/": " and ", "&": " and "}
_SIGN = r"\.?\s?[-\N{EN DASH}\N{EM DASH}/&]\s?"
_WORD = r"\.?(?:,\s(?:and\s|or\s)?|\s(?:and|or|to|through|thru)\s)"
_JOINT = re.compile(rf"({_SIGN}|{_WORD})")
_STOP = r"(?:\.(?!\s+[A-Z]|\s*\Z))?"
"""The dot of an abbreviation, unless it also ends a sentence."""


def _row(match: Match) -> str | None:
    names = _JOINT.split(match.group().rstrip("."))
    written, joints = names[::2], names[1::2]
    names[::2] = full = [_NAMES.get(name.lower(), name.capitalize()) for name in written]
    names[1::2] = [
        _SIGNS.get(joint.strip(". "), joint.lstrip(".").replace("thru", "through")) for joint in joints
    ]
    return "".join(names) if len(set(full)) > 1 else None


def _shortened_row(match: Match) -> str | None:
    written = set(_JOINT.split(match.group().rstrip("."))[::2])
    return None if written <= _FULL | _PEOPLE else _row(match)


def _in_a_row(names: list[str], kind: str) -> tuple[Rule, Rule]:
    one = rf"(?:{alternatives(names)})\b"
    return (
        Rule(
            f"{kind} joined by signs",
            re.compile(rf"\b{one}(?:{_SIGN}{one}){{1,11}}{_STOP}", re.IGNORECASE),
            _row,
        ),
        # In small letters these are other words: "we sat and sun ..."
        Rule(
            f"{kind} joined by words", re.compile(rf"\b{one}(?:{_WORD}{one}){{1,11}}{_STOP}"), _shortened_row
        ),
    )


_AFTER = "|".join(
    rf"(?<=\b[{word[0].upper()}{word[0]}]{word[1:]} )"
    for word in ("on", "by", "next", "last", "every", "until")
)
_NO_OTHER_WORDS = [day for day in SHORT_WEEKDAYS if day not in {"Sat", "Sun"}]

ROWS = (
    Rule(
        "working days",
        re.compile(r"\bM\s?[-\N{EN DASH}]\s?F\b(?=[\s,:]{1,2}\d)"),
        lambda _: "Monday to Friday",
        replaces="[MF]",
    ),
    *_in_a_row([*SHORT_WEEKDAYS, *WEEKDAYS], "weekdays"),
    *_in_a_row([*SHORT_MONTHS, *MONTHS], "months"),
    Rule(
        "weekday after a preposition",
        re.compile(rf"(?:{_AFTER})(?P<day>{alternatives(_NO_OTHER_WORDS)})\b{_STOP}"),
        lambda match: SHORT_WEEKDAYS[match["day"]],
    ),
)
