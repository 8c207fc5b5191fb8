"""Times of day."""

import re

from worker.text.english.words import DASH, cardinal, spoken_pair
from worker.text.reading import Match, Rule

_HALF = r"(?:[AaPp]\.\s?[Mm]\.|[AaPp][Mm]\b)"
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?"
_TWELVE = r"(?:1[0-2]|0?[1-9])(?::[0-5]\d)?(?::[0-5]\d)?"
_NOON = 12


def _clock(written: str, half: str | None = None) -> str:
    hour, *rest = (int(part) for part in written.split(":"))
    words = [cardinal(hour)]
    if rest and rest[0]:
        words.append(spoken_pair(rest[0]))
    elif not half:
        if hour in {0, 24}:
            words = ["midnight"]
        elif rest:
            words.append("o'clock" if hour <= _NOON else "hundred")
    if len(rest) > 1 and rest[1]:
        words.append(f"and {cardinal(rest[1])} second{'s' if rest[1] > 1 else ''}")
    if half:
        words.append(f"{half[0].upper()} M")
    return " ".join(words)


def _range(match: Match) -> str:
    return f"{_clock(match['from'], match['first'])} to {_clock(match['to'], match['second'])}"


TIMES = (
    Rule(
        "hours",
        re.compile(
            rf"(?<![\w:.,$-])(?P<from>{_TWELVE})\s?(?P<first>{_HALF})?\s?(?:{DASH}|to)\s?"
            rf"(?P<to>{_TWELVE})\s?(?P<second>{_HALF})"
        ),
        lambda match: (
            _range(match)
            if match["first"] or ":" in match["from"]
            else f"{cardinal(int(match['from']))} to {_clock(match['to'], match['second'])}"
        ),
    ),
    Rule(
        "from and to",
        re.compile(rf"(?<![\w:.,])(?P<first>{_CLOCK})\s?{DASH}\s?(?P<second>{_CLOCK})(?![\w:])"),
        lambda match: f"{_clock(match['first'])} to {_clock(match['second'])}",
    ),
    Rule(
        "half of the day",
        re.compile(rf"(?<![\w:.,$-])(?P<time>{_TWELVE})\s?(?P<half>{_HALF})"),
        lambda match: _clock(match["time"], match["half"]),
    ),
    Rule(
        "clock",
        re.compile(rf"(?:(?<![\w:.,])|(?<=\dT))(?P<time>{_CLOCK})(?:\.\d+)?(?P<utc>Z\b)?(?![\w:])"),
        lambda match: _clock(match["time"]) + (" U T C" if match["utc"] else ""),
    ),
    Rule("halves alone", re.compile(r"\b(?P<half>[ap])\.m\."), lambda match: f"{match['half'].upper()} M"),
)
