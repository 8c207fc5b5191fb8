"""Abbreviations: which they are, how they are spoken, and which of them can end a sentence."""

import re

from worker.text.english.verses import ABBREVIATED_BOOKS
from worker.text.english.words import alternatives, before
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
    "Pvt": "Private",
    "Adm": "Admiral",
    "Cmdr": "Commander",
    "Cdr": "Commander",
    "Fr": "Father",
    "Mme": "Madame",
    "Mlle": "Mademoiselle",
    "Mt": "Mount",
    "Ft": "Fort",
}
"""Before a name."""
_SHOUTED = {
    "MR": "Mister",
    "MRS": "Missus",
    "MS": "Miss",
    "DR": "Doctor",
    "PROF": "Professor",
    "REV": "Reverend",
}
_SMALL = {"mr": "mister", "mrs": "missus", "dr": "doctor", "prof": "professor"}
"""As in a text of capitals, or of small letters alone."""
_STREETS = {
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Cir": "Circle",
    "Ct": "Court",
    "Hwy": "Highway",
    "Ln": "Lane",
    "Pkwy": "Parkway",
    "Pl": "Place",
    "Rd": "Road",
    "Ter": "Terrace",
}
_ADDRESS = re.compile(
    r"\b\d{1,5}[A-Za-z]?\s(?:[NSEW]{1,2}\.?\s)?(?:[A-Z][\w’']*\.?\s){1,3}\Z|\d(?:st|nd|rd|th)\s\Z"
)
_NUMBERED_PLACES = {
    "Apt": "Apartment",
    "apt": "apartment",
    "Ste": "Suite",
    "Bldg": "Building",
    "Hwy": "Highway",
}
COUNTED = {
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "pgs": "pages",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "fig": "figure",
    "figs": "figures",
    "eq": "equation",
    "eqs": "equations",
    "eqn": "equation",
    "tab": "table",
    "nr": "number",
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
    {
        *_COUNTED_OR_CAPITAL,
        *ABBREVIATED_BOOKS,
        "Mar",
        "Sat",
        "Sun",
        "no",
        "No",
        "Nos",
        "Rs",
        "Rm",
        "Apt",
        "apt",
        "Bldg",
        "Hwy",
        "sc",
        "Sc",
        "max",
        "Max",
        "min",
        "Min",
        "Dec",
        "Nr",
        "nr",
        "nos",
        "Ste",
        "ft",
        "lb",
        "lbs",
    }
)
"""Words or not: a dot between one of these and a figure ends nothing."""
BEFORE_SMALL_LETTERS = frozenset(
    "cu sq dev min max temp est art tsp tbsp oz lb lbs ft in hr hrs mins sec secs yd gal qt pt".split()  # noqa: SIM905
)
"""Words or not: a sentence would go on with a capital letter."""

ABBREVIATIONS_BEFORE_DOT = frozenset(
    {
        *_TITLES,
        *_SHOUTED,
        *_SMALL,
        *COUNTED,
        *_ANYWHERE,
        "Dr",
        "St",
        "No",
        "Nos",
        "no",
        "al",
        "Fig",
        "Vol",
        "Ch",
        "Sept",
    }
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


def _street(match: Match) -> str | None:
    return _STREETS[match["word"]] if _ADDRESS.search(before(match)) else None


def _number_word(match: Match) -> str:
    word = COUNTED[match["word"].lower()]
    return word.capitalize() if match["word"][0].isupper() else word


BEFORE_NUMBERS = (
    Rule(
        "before a number",
        re.compile(rf"\b(?P<word>{alternatives(_COUNTED_OR_CAPITAL)})\.(?=\s?\d|\s\(\d)"),
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
        "title in capitals",
        re.compile(rf"\b(?P<word>{alternatives(_SHOUTED)})\.(?=\s?[A-Z]{{2}})"),
        lambda match: _SHOUTED[match["word"]],
    ),
    Rule(
        "title in small letters",
        re.compile(rf"\b(?P<word>{alternatives(_SMALL)})\.(?=\s[a-z]{{2}})(?<!\bthe\s..\.)"),
        lambda match: _SMALL[match["word"]],
    ),
    Rule(
        "versus",
        re.compile(r"\bvs\b(?!\.)|(?<=[a-z.)]\s)\bv\b\.?(?=\s[A-Z][a-z])"),
        lambda _: "versus",
    ),
    Rule(
        "numbered place",
        re.compile(rf"\b(?P<word>{alternatives(_NUMBERED_PLACES)})\.?(?=\s#?\d)"),
        lambda match: _NUMBERED_PLACES[match["word"]],
    ),
    Rule("street", re.compile(rf"\b(?P<word>{alternatives(_STREETS)})\b(?:\.(?!\s+[A-Z]|\s*\Z))?"), _street),
    Rule(
        "known road", re.compile(r"(?<=[a-z]\s)(?:Blvd|Pkwy)\b(?!\.)"), lambda match: _STREETS[match.group()]
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
