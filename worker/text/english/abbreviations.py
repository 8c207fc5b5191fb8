"""Abbreviations: which they are, how they are spoken, and which of them can end a sentence."""

import re

from worker.text.english.verses import ABBREVIATED_BOOKS
from worker.text.english.words import alternatives
from worker.text.reading import Match, Rule

_TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miss",
    "Mx": "Mix",
    "Messrs": "Messers",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Gen": "General",
    "Col": "Colonel",
    "Maj": "Major",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "Supt": "Superintendent",
    "Mt": "Mount",
    "Ft": "Fort",
}
"""Before a name."""
COUNTED = {
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "fig": "figure",
    "figs": "figures",
    "eq": "equation",
    "ext": "extension",
    "approx": "approximately",
    "ca": "about",
    "est": "established",
    "art": "article",
    "para": "paragraph",
    "ver": "version",
    "pt": "part",
    "bk": "book",
}
_ANYWHERE = {
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "dept": "department",
    "govt": "government",
    "Dept": "Department",
    "Govt": "Government",
    "esp": "especially",
    "incl": "including",
    "excl": "excluding",
    "misc": "miscellaneous",
    "temp": "temperature",
    "tel": "telephone",
    "Tel": "Telephone",
    "appt": "appointment",
    "apt": "apartment",
    "Apt": "Apartment",
    "bldg": "building",
    "Bldg": "Building",
    "Assn": "Association",
    "Bros": "Brothers",
    "Inc": "Incorporated",
    "Ltd": "Limited",
    "Corp": "Corporation",
    "Co": "Company",
    "Jr": "Junior",
    "Sr": "Senior",
    "Univ": "University",
    "Esq": "Esquire",
    "dev": "deviation",
    "min": "minimum",
    "max": "maximum",
    "avg": "average",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Sq": "Square",
}
_DOTTED = {
    "e.g.": "for example",
    "E.g.": "For example",
    "&c.": "et cetera",
    "i.e.": "that is",
    "I.e.": "That is",
    "a.k.a.": "also known as",
    "w.r.t.": "with respect to",
    "et al.": "and others",
    "Ph.D.": "P H D",
    "Ph.D": "P H D",
    "w/o": "without",
    "w/": "with",
    "c/o": "care of",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "b/c": "because",
}
ENDS_SENTENCES = frozenset(
    {"a.m", "p.m", "A.M", "P.M", "etc", "Inc", "Ltd", "Corp", "Co", "Jr", "Sr", "Esq", "al"}
)
"""A capital letter after one of these most likely begins a sentence; the others stand before names."""
NAMES_TOO = "Who|No|So|How|Why|What|But|By|In|On|I|It"
"""Words that begin sentences and are names as well: Dr. Who."""
_NO_NAMES = (
    "The|This|That|These|Those|There|Then|He|She|We|They|You|At|For|And|If|When|While|After|Before|However|His|Her|"
    "Our|Their|My|Your|Where|Now|Its|As|Yes"
)
OPENING = f"{_NO_NAMES}|{NAMES_TOO}"
"""Words that begin a sentence where they have a capital."""
_NAME = rf"(?=[*_]{{0,3}}\s*[*_]{{0,3}}(?!(?:{OPENING})\b)[A-Z])"
_CAPITAL = rf"(?!(?:{OPENING})\b)[A-Z]"

_COUNTED_OR_CAPITAL = [*COUNTED, *(word.capitalize() for word in COUNTED if len(word) > 1)]
BEFORE_FIGURES = frozenset(
    {*_COUNTED_OR_CAPITAL, *ABBREVIATED_BOOKS, "Mar", "Sat", "Sun", "no", "No", "Nos", "Rs"}
)
"""Words or not: a dot between one of these and a figure ends nothing."""
BEFORE_SMALL_LETTERS = frozenset(
    "dev min max temp est art tsp tbsp oz lb lbs ft in hr hrs mins sec secs yd gal qt pt".split()  # noqa: SIM905
)
"""Words or not: a sentence would go on with a capital letter."""

ABBREVIATIONS_BEFORE_DOT = frozenset(
    {*_TITLES, *COUNTED, *_ANYWHERE, "Dr", "St", "No", "Nos", "no", "al", "Fig", "Vol", "Ch", "Sept"}
    | set("Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905
    | set("Mon Tue Tues Wed Weds Thu Thur Thurs Fri Sat Sun".split())  # noqa: SIM905
) - {"dev", "min", "max", "temp", "art", "est", "no", "Sat", "Sun", "Mar", "c", "p", "para"}
"""What ends in a dot without ending a sentence; the ones taken out are words, or too short to tell."""


def _saint_or_street(match: Match) -> str:
    return "Street" if match["street"] else "Saint"


def _doctor_or_drive(match: Match) -> str:
    return "Drive" if match["drive"] else "Doctor"


def _letters(match: Match) -> str:
    return " ".join(letter for letter in match.group() if letter.isalpha())


def _number_word(match: Match) -> str:
    word = COUNTED[match["word"].lower()]
    return word.capitalize() if match["word"][0].isupper() else word


BEFORE_NUMBERS = (
    Rule(
        "before a number",
        re.compile(rf"\b(?P<word>{alternatives(_COUNTED_OR_CAPITAL)})\.(?=\s?\d)"),
        _number_word,
    ),
)
"""Goes first: it looks for the figures that other rules put into words."""

ABBREVIATIONS = (
    Rule(
        "dotted",
        re.compile(rf"(?<![\w.])(?:{alternatives(_DOTTED)})(?!\w)|(?<!\w)w/(?=\w)"),
        lambda match: _DOTTED[match.group()] + (" " if match.group() == "w/" else ""),
    ),
    Rule(
        "title",
        re.compile(rf"\b(?P<word>{alternatives(_TITLES)})\.{_NAME}|\b(?P<plain>Mr|Mrs)\b\.?+"),
        lambda match: _TITLES[match["word"] or match["plain"]],
    ),
    Rule(
        "doctor",
        re.compile(rf"(?P<drive>(?<=[a-z]\s)\bDr\b\.?+(?!\s*(?!(?:{_NO_NAMES})\b)[A-Z]))|\bDr\b\.?"),
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
        re.compile(rf"\b(?P<word>{alternatives(_ANYWHERE)})\.(?!\w)"),
        lambda m: _ANYWHERE[m["word"]],
    ),
    Rule(
        "initials",
        re.compile(r"(?<![\w.])(?:[A-Z]\.){2,}(?:[A-Z](?![\w]))?|(?<![\w.])[A-Z]\.(?=\s?[A-Z][a-z.])"),
        _letters,
    ),
    Rule("letters and small ones", re.compile(r"(?<![\w.])(?:[a-z]\.){2,}(?!\w)"), _letters),
)
