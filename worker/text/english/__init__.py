"""English: puts signs and figures into words. The order of the rules matters."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from worker.text.english.abbreviations import ABBREVIATIONS, BEFORE_NUMBERS
from worker.text.english.algebra import ALGEBRA
from worker.text.english.codes import CODES
from worker.text.english.dates import YEAR, dates
from worker.text.english.decades import DECADES
from worker.text.english.measures import MEASURES
from worker.text.english.money import MONEY
from worker.text.english.notes import NOTES
from worker.text.english.numbers import NUMBERED, NUMBERS
from worker.text.english.phones import PHONES
from worker.text.english.romans import NUMBERED_BY_NUMERALS, NUMERALS
from worker.text.english.rows import ROWS
from worker.text.english.rulers import RULERS
from worker.text.english.scales import SCALED
from worker.text.english.signs import HEART, SIGNS
from worker.text.english.times import TIMES
from worker.text.english.verses import VERSES
from worker.text.english.web import WEB
from worker.text.reading import Rule

_FIGURE = re.compile(r"\d")
_ALSO_WITHOUT_FIGURES = {
    *("raised mark", "raised mark after a stop", "mark in brackets", "letters and figures"),
    "address of a device",
    *("e-mail", "URL", "domain", "file", "handle", "hashtag"),
    *("weekday", "weekday after a preposition", "halves alone"),
    *("vulgar part of a unit", "after a power", "unit alone", "per", "per liter"),
    *("vulgar fraction", "power", "operator", "minus or dash"),
}
"""Number rules that also match words and signs without figures."""


def english_rules(*, day_first: bool) -> tuple[Rule, ...]:
    """Return the rules, the most specific first."""
    return (
        HEART,
        *_with_figures(NOTES + WEB + VERSES + CODES),
        *NUMBERED_BY_NUMERALS,
        *RULERS,
        *NUMERALS,
        *BEFORE_NUMBERS,
        *ROWS,
        *_with_figures(dates(day_first=day_first) + DECADES + TIMES + MONEY + PHONES + SCALED + MEASURES),
        *ALGEBRA,
        *_with_figures((*NUMBERED, YEAR, *NUMBERS)),
        *ABBREVIATIONS,
        *SIGNS,
    )


def _with_figures(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules; those that match only figures are tried only if the sentence contains one."""
    return (rule if rule.name in _ALSO_WITHOUT_FIGURES else replace(rule, needs=_FIGURE) for rule in rules)
