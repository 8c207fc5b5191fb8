"""Dates and years."""

import re
from datetime import date

from worker.text.english.words import DASH, before, cardinal, counts_things, ordinal, spoken_pair, year
from worker.text.reading import Match, Rule

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
SHORT_MONTHS = {"Sept": "September"} | {month[:3]: month for month in MONTHS}
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
SHORT_WEEKDAYS = {"Tues": "Tuesday", "Thur": "Thursday", "Thurs": "Thursday", "Weds": "Wednesday"} | {
    day[:3]: day for day in WEEKDAYS
}
_MONTH_NAMES = "|".join((*MONTHS, *map(str.upper, MONTHS)))
_SHORT_NAMES = "|".join((*SHORT_MONTHS, *map(str.upper, SHORT_MONTHS)))
_MONTH = rf"(?P<month>(?:{_MONTH_NAMES})|(?:{_SHORT_NAMES})\b\.?)"
_DAY_NUMBER = r"(?:[12]\d|3[01]|0?[1-9])"
_DAY = (
    rf"(?P<day>{_DAY_NUMBER})(?:st|nd|rd|th)?(?:\s?{DASH}\s?(?P<last>{_DAY_NUMBER})(?:st|nd|rd|th)?(?!\d))?"
)
_YEAR = r"(?P<year>[12]\d{3}|['’]\d\d)(?![\w%]|[.,–-]\d)"
_NO_MORE_DIGITS = r"(?![\w%:]|[.,]\d|/\d)"
_ANY_YEAR = r"(?:1[1-9]\d\d|20\d\d)"
_AFTER_WEEKDAY = "|".join(
    f"(?<={day}{sign} )" for day in (*WEEKDAYS, *SHORT_WEEKDAYS) for sign in ("", ",", ".")
)
_ARTICLE = re.compile(
    r"(?i)\b(?:the|an?|another|new|this|that|every|each|next|last|my|our|your|his|her|their)\s\Z"
)
_VERBS = {"b": "born", "d": "died", "r": "reigned", "fl": "flourished"}
_LEAP_YEAR = 2000
_CENTURY_BEGINS = 50
"""For two digits: 49 and below belong to this century."""


def spoken_date(day: date) -> str:
    """Return "March fifth, twenty twenty-four"."""
    return f"{MONTHS[day.month - 1]} {ordinal(day.day)}, {year(day.year)}"


def _full_year(written: str) -> int:
    """Return 2024 for "2024", "24" and "'24"."""
    years = int(written.lstrip("'’"))
    if len(written) == 4:  # noqa: PLR2004  # nothing is left out
        return years
    return years + (2000 if years < _CENTURY_BEGINS else 1900)


def _numeric(match: Match, *, day_first: bool) -> str | None:
    first, second, full = int(match["first"]), int(match["second"]), _full_year(match["year"])
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
    days = ordinal(int(match["day"])) + (f" to {ordinal(int(match['last']))}" if match["last"] else "")
    return _with_year(f"{_month(match)} {days}", match)


def _day_first(match: Match) -> str:
    article = "" if _ARTICLE.search(before(match)) else "the "
    days = ordinal(int(match["day"])) + (f" to the {ordinal(int(match['last']))}" if match["last"] else "")
    return _with_year(f"{article}{days} of {_month(match)}", match)


def _with_year(spoken: str, match: Match) -> str:
    return f"{spoken}, {year(_full_year(match['year']))}" if match["year"] else spoken


def _month(match: Match) -> str:
    written = match["month"].rstrip(".").capitalize()
    return SHORT_MONTHS.get(written, written)


def _month_and_year(match: Match) -> str:
    return f"{MONTHS[int(match['month']) - 1]} {year(int(match['year']))}"


def _circa(match: Match) -> str:
    years = int(match["year"])
    return f"circa {cardinal(years) if len(match['year']) == 3 else year(years)}"  # noqa: PLR2004  # 850


def _iso(match: Match) -> str | None:
    try:
        return spoken_date(date(int(match["year"]), int(match["month"]), int(match["day"])))
    except ValueError:
        return None


def _years(match: Match) -> str | None:
    first, second = match["first"], match["second"]
    if len(second) < len(first):
        if first[2:] == "99" and second == "00":
            return f"{year(int(first))} to {year(int(first) + 1)}"
        if int(second) <= int(first[2:]):
            return None
        return f"{year(int(first))} to {spoken_pair(int(second))}"
    return f"{year(int(first))} to {year(int(second))}" if int(second) > int(first) else None


def dates(*, day_first: bool) -> tuple[Rule, ...]:
    """Return the rules; ``day_first`` reads 3/5/2024 as the third of May, as outside the United States."""
    return (
        Rule(
            "ISO date",
            re.compile(
                r"(?<![\w/.-])(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?=T\d\d:|[^\w/-]|$|-\D)"
            ),
            _iso,
        ),
        Rule(
            "year first",
            re.compile(
                r"(?<![\w/.-])(?P<year>[12]\d{3})(?P<sign>[/.-])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?![\w/-]|\.\d)"
            ),
            _iso,
        ),
        Rule(
            "year first in a run",
            re.compile(
                r"(?<![\w.,/$€£#+-])(?P<year>19\d\d|20\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\w%°]|[.,]\d)"
            ),
            lambda match: None if counts_things(match) else _iso(match),
        ),
        Rule("ISO date's T", re.compile(r"(?<=\d\d-\d\d)T(?=\d\d:\d\d)"), lambda _: ", ", drops=True),
        Rule(
            "date in numbers",
            re.compile(
                r"(?<![\w/.-])(?P<first>\d{1,2})(?P<sign>[/-])(?P<second>\d{1,2})(?P=sign)(?P<year>[12]\d{3}|(?<=/)\d\d)(?![\w/-])"
            ),
            lambda match: _numeric(match, day_first=day_first),
        ),
        Rule(
            "month and day in numbers",
            re.compile(
                rf"(?=\d)(?:(?<=[Oo]n )|(?<=[Bb]y )|(?<=until )|{_AFTER_WEEKDAY})"
                r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\w/])"
            ),
            lambda match: _without_year(match, day_first=day_first),
        ),
        Rule(
            "month and day with a zero",
            re.compile(r"(?<![\w/.,])(?=0|\d{1,2}/0)(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\w/]|[.,]\d)"),
            lambda match: _without_year(match, day_first=day_first),
        ),
        Rule(
            "month and year in numbers",
            re.compile(r"(?<![\w/.,])(?P<month>0?[1-9]|1[0-2])/(?P<year>19\d\d|20\d\d)(?![\w/]|[.,]\d)"),
            _month_and_year,
        ),
        Rule(
            "date with dots",
            re.compile(
                r"(?<![\w/.])(?P<first>\d{1,2})\.(?P<second>\d{1,2})\.(?P<year>[12]\d{3}|(?<=\d\d\.\d\d\.)\d\d)(?![\w/]|\.\d)"
            ),
            lambda match: _numeric(match, day_first=True),
        ),
        Rule(
            "weekday",
            re.compile(rf"\b(?P<day>{'|'.join(SHORT_WEEKDAYS)})\b\.?(?=,?\s+(?:{_MONTH}|\d))"),
            lambda match: SHORT_WEEKDAYS[match["day"]],
        ),
        Rule(
            "month, day",
            re.compile(rf"\b{_MONTH}(?:\s+|(?<=\.)){_DAY}{_NO_MORE_DIGITS}(?:,?\s+{_YEAR})?"),
            _month_first,
        ),
        Rule(
            "day, month",
            re.compile(rf"(?<![\w.,/:-]){_DAY}\s+(?:of\s+)?{_MONTH}(?!\w)(?:,?\s+{_YEAR})?"),
            _day_first,
        ),
        Rule(
            "month, year",
            re.compile(rf"\b{_MONTH},?\s+{_YEAR}"),
            lambda match: f"{_month(match)} {year(_full_year(match['year']))}",
        ),
        Rule(
            "day, month in one word",
            re.compile(
                rf"(?<![\w.,/:-])(?P<day>{_DAY_NUMBER})(?P<last>(?!))?(?P<sign>[-/]?)"
                rf"(?P<month>{_MONTH_NAMES}|{_SHORT_NAMES})"
                r"(?:(?P=sign)(?P<year>[12]\d{3}|\d\d)|(?<=-...))(?![\w-]|\s\d|[.,/]\d)"
            ),
            _day_first,
        ),
        Rule(
            "month, year in one word",
            re.compile(rf"(?<![\w-]){_MONTH}[-/](?P<year>[12]\d{{3}})(?![\w-]|[.,/]\d)"),
            lambda match: f"{_month(match)} {year(int(match['year']))}",
        ),
        Rule("dates from to", re.compile(rf"(?<=[\ddhtr])\s?{DASH}\s?(?={_MONTH}\s+\d)"), lambda _: " to "),
        Rule(
            "century left out, and a zero",
            re.compile(r"(?<![^\s(Q1-4-])['’‘](?P<year>0\d)(?![\w'’])"),
            lambda match: "two thousand" if match["year"] == "00" else spoken_pair(int(match["year"])),
        ),
        Rule("century left out", re.compile(r"(?<![^\s(Q1-4-])['’‘](?=\d\d(?![\w'’]))"), lambda _: " "),
        Rule(
            "year of an era",
            re.compile(
                r"(?:(?<![\w.,])(?<!AD )(?P<year>1\d{3})(?=\s?(?:AD|BCE?|CE)\b)"
                r"|(?:(?<=\bAD )|(?<=\bAD))(?P<anno>1\d{3})\b)"
            ),
            lambda match: year(int(match.group())),
        ),
        Rule(
            "born and died",
            re.compile(r"(?<=[(;,\s])(?P<verb>b|d|r|fl)\.\s?(?=(?:c\.\s?)?[12]\d{3}\b)"),
            lambda match: f"{_VERBS[match['verb']]} ",
        ),
        Rule("circa", re.compile(r"\bc\.\s?(?P<year>\d{3,4})(?![\w%]|[.,]\d)"), _circa),
        Rule(
            "years",
            re.compile(
                rf"(?<![\w.,/-])(?P<first>{_ANY_YEAR})(?:\s?{DASH}\s?|/)(?P<second>{_ANY_YEAR}|\d\d)(?![\w/.-]\w|\w)"
            ),
            _years,
        ),
        Rule(
            "year and month",
            re.compile(r"(?<![\w.,/-])(?P<year>19\d\d|20\d\d)[/-](?P<month>0[1-9]|1[0-2])(?![\w/-]|[.,]\d)"),
            _month_and_year,
        ),
    )


YEAR = Rule(
    "year",
    re.compile(
        rf"(?<![\w.,/$€£#~<>=+*^-])(?<!No\. )(?P<year>{_ANY_YEAR})(?![\w%/°]|[.,]\d|\s?(?:-|–)\d|\s[x×]\s?\d)"
    ),
    lambda match: year(int(match["year"])),
)
"""Four digits that no other rule has claimed are more likely a year than a number, and sound right as one."""
