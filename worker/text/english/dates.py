"""Dates, years and decades."""

import re
from datetime import date

from worker.text.english.words import DASH, cardinal, ordinal, year
from worker.text.reading import Match, Rule

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
SHORT_MONTHS = {"Sept": "September"} | {month[:3]: month for month in MONTHS}
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
SHORT_WEEKDAYS = {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday", "Weds": "Wednesday"} | {
    day[:3]: day for day in WEEKDAYS
}
_MONTH = rf"(?P<month>(?:{'|'.join(MONTHS)})|(?:{'|'.join(SHORT_MONTHS)})\b\.?)"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})(?![\w%]|[.,]\d)"
_NO_MORE_DIGITS = r"(?![\w%:]|[.,]\d|/\d)"
_ANY_YEAR = r"(?:1[1-9]\d\d|20\d\d)"
_DECADES = {
    "1": "tens",
    "2": "twenties",
    "3": "thirties",
    "4": "forties",
    "5": "fifties",
    "6": "sixties",
    "7": "seventies",
    "8": "eighties",
    "9": "nineties",
}
_LEAP_YEAR = 2000
_CENTURY_BEGINS = 50
"""Of two digits: 49 and less are of this century."""


def spoken_date(day: date) -> str:
    """Return "March fifth, twenty twenty-four"."""
    return f"{MONTHS[day.month - 1]} {ordinal(day.day)}, {year(day.year)}"


def _numeric(match: Match, *, day_first: bool) -> str | None:
    first, second, years = int(match["first"]), int(match["second"]), match["year"]
    full = int(years)
    if len(years) == 2:  # noqa: PLR2004  # 24 for 2024
        full += 2000 if full < _CENTURY_BEGINS else 1900
    orders = [(first, second), (second, first)]
    for month, day in reversed(orders) if day_first else orders:
        try:
            return spoken_date(date(full, month, day))
        except ValueError:
            continue
    return None


def _without_year(match: Match, *, day_first: bool) -> str | None:
    month, day = int(match["first"]), int(match["second"])
    if day_first or month > 12:  # noqa: PLR2004  # months
        month, day = day, month
    try:
        return f"{MONTHS[date(_LEAP_YEAR, month, day).month - 1]} {ordinal(day)}"
    except ValueError:
        return None


def _month_first(match: Match) -> str:
    spoken = f"{_month(match)} {ordinal(int(match['day']))}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _day_first(match: Match) -> str:
    article = "" if match.string[: match.start()].lower().endswith("the ") else "the "
    spoken = f"{article}{ordinal(int(match['day']))} of {_month(match)}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _month(match: Match) -> str:
    written = match["month"].rstrip(".")
    return SHORT_MONTHS.get(written, written)


def _iso(match: Match) -> str | None:
    try:
        return spoken_date(date(int(match["year"]), int(match["month"]), int(match["day"])))
    except ValueError:
        return None


def _decade(match: Match) -> str:
    century, tens = match["century"], match["tens"]
    if not century:
        return _DECADES[tens]
    if tens != "0":
        return f"{cardinal(int(century))} {_DECADES[tens]}"
    return (
        f"{cardinal(int(century) // 10)} thousands"
        if century[1] == "0"
        else f"{cardinal(int(century))} hundreds"
    )


def _years(match: Match) -> str | None:
    first, second = match["first"], match["second"]
    if len(second) < len(first):
        return None if int(second) <= int(first[2:]) else f"{year(int(first))} to {cardinal(int(second))}"
    return f"{year(int(first))} to {year(int(second))}" if int(second) > int(first) else None


def dates(*, day_first: bool) -> tuple[Rule, ...]:
    """Return the rules; ``day_first`` reads 3/5/2024 as the third of May, as all but Americans do."""
    return (
        Rule(
            "ISO date",
            re.compile(
                r"(?<![\w/.-])(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?=T\d\d:|[^\w/-]|$|-\D)"
            ),
            _iso,
        ),
        Rule("ISO date's T", re.compile(r"(?<=\d\d-\d\d)T(?=\d\d:\d\d)"), lambda _: ", ", drops=True),
        Rule(
            "date in numbers",
            re.compile(r"(?<![\w/.])(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4}|\d\d)(?![\w/])"),
            lambda match: _numeric(match, day_first=day_first),
        ),
        Rule(
            "month and day in numbers",
            re.compile(
                r"(?:(?<=[Oo]n )|(?<=[Bb]y )|(?<=until ))(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\w/])"
            ),
            lambda match: _without_year(match, day_first=day_first),
        ),
        Rule(
            "date with dots",
            re.compile(
                r"(?<![\w/.])(?P<first>\d{1,2})\.(?P<second>\d{1,2})\.(?P<year>[12]\d{3})(?![\w/]|\.\d)"
            ),
            lambda match: _numeric(match, day_first=True),
        ),
        Rule(
            "weekday",
            re.compile(rf"\b(?P<day>{'|'.join(SHORT_WEEKDAYS)})\b\.?(?=,?\s+(?:{_MONTH}|\d))"),
            lambda match: SHORT_WEEKDAYS[match["day"]],
        ),
        Rule(
            "month, day", re.compile(rf"\b{_MONTH}\s+{_DAY}{_NO_MORE_DIGITS}(?:,?\s+{_YEAR})?"), _month_first
        ),
        Rule(
            "day, month",
            re.compile(rf"(?<![\w.,/:-]){_DAY}\s+(?:of\s+)?{_MONTH}(?!\w)(?:,?\s+{_YEAR})?"),
            _day_first,
        ),
        Rule(
            "month, year",
            re.compile(rf"\b{_MONTH},?\s+{_YEAR}"),
            lambda match: f"{_month(match)} {year(int(match['year']))}",
        ),
        Rule(
            "decade",
            re.compile(
                r"(?<![\w$€£.,])(?:['’](?=\d0))?(?P<century>1[1-9]|20)?(?P<tens>(?<=\d\d)0|[1-9])0['’]?s\b"
            ),
            _decade,
        ),
        Rule(
            "years",
            re.compile(
                rf"(?<![\w.,/-])(?P<first>{_ANY_YEAR})\s?{DASH}\s?(?P<second>{_ANY_YEAR}|\d\d)(?![\w/.-]\w|\w)"
            ),
            _years,
        ),
    )


YEAR = Rule(
    "year",
    re.compile(rf"(?<![\w.,/$€£#~<>=+*^-])(?<!No\. )(?P<year>{_ANY_YEAR})(?![\w%/°]|[.,]\d|\s?(?:-|–)\d)"),
    lambda match: year(int(match["year"])),
)
"""Four digits that no other rule has claimed are likelier a year than a number, and sound well as one."""
