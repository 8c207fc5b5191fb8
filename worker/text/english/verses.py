"""Verses of holy books: "John 3:16" is "John three sixteen", as read in church."""

import re

from worker.text.english.words import DASH, alternatives, cardinal, ordinal
from worker.text.reading import Match, Rule

_BOOKS = """
Genesis Gen
Exodus Exod Ex
Leviticus Lev
Numbers Num
Deuteronomy Deut
Joshua Josh
Judges Judg
Ruth
Ezra
Nehemiah Neh
Esther Esth
Job
Psalm Ps Psa
Psalms
Proverbs Prov
Ecclesiastes Eccles Eccl Ecc
Isaiah Isa
Jeremiah Jer
Lamentations Lam
Ezekiel Ezek
Daniel Dan
Hosea Hos
Joel
Amos
Obadiah Obad
Jonah
Micah Mic
Nahum Nah
Habakkuk Hab
Zephaniah Zeph
Haggai Hag
Zechariah Zech
Malachi Mal
Matthew Matt Mt
Mark Mk
Luke Lk
John Jn
Acts
Romans Rom
Galatians Gal
Ephesians Eph
Philippians Phil
Colossians Col
Titus Tit
Philemon Philem Phlm
Hebrews Heb
James Jas
Jude
Revelation Rev
Sirach Sir
Tobit
Judith
Baruch
Quran
Qur'an
Surah
Sura
"""
_NUMBERED_BOOKS = """
Samuel Sam
Kings Kgs
Chronicles Chron Chr
Corinthians Cor
Thessalonians Thess
Timothy Tim
Peter Pet
John Jn
Maccabees Macc
"""


def _names(table: str) -> dict[str, str]:
    """Parse a book and its abbreviations line by line."""
    lines = (line.split() for line in table.strip().splitlines())
    return {name: book for book, *short in lines for name in (book, *short)}


_SINGLE = _names(_BOOKS) | dict.fromkeys(("Song of Solomon", "Song"), "Song of Solomon")
_SINGLE |= dict.fromkeys(("Song of Songs",), "Song of Songs")
_SEVERAL = _names(_NUMBERED_BOOKS)
ABBREVIATED_BOOKS = frozenset(
    {*_SINGLE, *_SEVERAL} - {*_SINGLE.values(), *_SEVERAL.values(), "Dan", "Phil", "Sam", "Song"}
)
"""Abbreviations with a dot before the chapter; the excluded ones are also people's names or words."""
_ROMAN = {"I": 1, "II": 2, "III": 3}
_NUMBERED = rf"(?P<which>[123]|I{{1,3}})\s?(?P<numbered>{alternatives(_SEVERAL)})"
_VERSES = rf"[1-9]\d{{0,2}}(?:{DASH}[1-9]\d{{0,2}})?"
_PLACES = (
    rf"[1-9]\d{{0,2}}:{_VERSES}(?::[1-9]\d{{0,2}})?"
    rf"(?:[,;]\s?{_VERSES}(?::{_VERSES})?(?![\w:]|\s[A-Z])){{0,12}}(?:[a-d]|ff?)?"
)
_NO_TIME = r"(?![\w:]|\s?[AaPp]\.?[Mm]\b|\so['’]clock)"
_SIGNS = re.compile(rf"\d+|{DASH}|[,;]|[a-z]+")
_FOLLOWING = {"f": "and the following", "ff": "and following"}


def _book(match: Match) -> str:
    named = match.groupdict()
    if not named["numbered"]:
        return _SINGLE[named["book"]]
    which = named["which"]
    return f"{ordinal(_ROMAN.get(which) or int(which)).capitalize()} {_SEVERAL[named['numbered']]}"


def _verse(match: Match) -> str:
    words = _book(match)
    for sign in _SIGNS.findall(match["places"]):
        if sign.isdecimal():
            words += f" {cardinal(int(sign))}"
        elif sign in {",", ";"}:
            words += ","
        else:
            words += f" {_FOLLOWING.get(sign, sign if sign.isalpha() else 'to')}"
    return words


VERSES = (
    Rule(
        "verse",
        re.compile(
            rf"(?<![\w-])(?:{_NUMBERED}|(?P<book>{alternatives(_SINGLE)}))\.?\s(?P<places>{_PLACES}){_NO_TIME}"
        ),
        _verse,
        replaces="I{1,3}",
    ),
    Rule(
        "chapter of a numbered book",
        re.compile(
            rf"(?<![\w.,-])(?P<which>[123])\s(?P<numbered>{alternatives(_SEVERAL)})\.?\s(?P<places>[1-9]\d{{0,2}})(?![\w:.,-]\w)(?!\w)"
        ),
        _verse,
    ),
    Rule(
        "chapter of Psalms",
        re.compile(
            r"(?<!\w)(?P<numbered>(?!))?(?P<book>Psa?)\.?\s(?P<places>[1-9]\d{0,2})(?![\w:.,-]\w)(?!\w)"
        ),
        _verse,
    ),
)
"""They go before times and ratios."""
