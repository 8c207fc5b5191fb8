"""Every other number: ordinals, fractions, ranges, sums, codes, and plain ones last."""

import re
import unicodedata

from worker.text.english.words import DASH, MINUS, NUMBER, SCALES, cardinal, number, ordinal, spelt, year
from worker.text.reading import Match, Rule

_HALF = "half"
_VULGAR = "".join(chr(code) for code in (*range(0xBC, 0xBF), *range(0x2150, 0x215F)))
_SUPERSCRIPTS = {"²": "squared", "³": "cubed"}
_LONGEST_IN_A_CODE = 4
"""Digits among letters that are still counted, as in GPT-4 and A380."""
_SPELT_DENOMINATORS = 100
_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "\N{MINUS SIGN}": "minus",
    "*": "times",
    "×": "times",
    "÷": "divided by",
    "/": "over",
    "=": "equals",
    "≠": "does not equal",
    "≈": "is about",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "±": "plus or minus",
}
_PREFIXES = {
    "~": "about",
    "≈": "about",
    "±": "plus or minus",
    "<": "less than",
    ">": "more than",
    "≤": "at most",
    "≥": "at least",
    "<=": "at most",
    ">=": "at least",
    "+": "plus",
}


def _fraction(numerator: int, denominator: int) -> str:
    if denominator == 2:  # noqa: PLR2004  # "second" is no part
        name, names = _HALF, "halves"
    elif denominator == 4:  # noqa: PLR2004  # likewise
        name, names = "quarter", "quarters"
    else:
        name = ordinal(denominator)
        names = f"{name}s"
    return f"{cardinal(numerator)} {name if numerator == 1 else names}"


def written_fraction(match: Match) -> str:
    """Return "two and a half" for the groups whole, numerator and denominator."""
    whole, numerator, denominator = match["whole"], int(match["numerator"]), int(match["denominator"])
    if denominator < 2 or denominator > _SPELT_DENOMINATORS or not 0 < numerator < denominator:  # noqa: PLR2004  # no parts
        return f"{number(match['numerator'])} over {number(match['denominator'])}"
    spoken = _fraction(numerator, denominator)
    if not whole:
        return spoken
    return f"{number(whole)} and {'a' + spoken[3:] if numerator == 1 else spoken}"


def _vulgar_fraction(match: Match) -> str | None:
    parts = unicodedata.normalize("NFKC", match["fraction"]).split("\N{FRACTION SLASH}")
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004  # a numerator without its denominator
        return None
    spoken = _fraction(int(parts[0]), int(parts[1]))
    if not match["whole"]:
        return spoken
    return f"{number(match['whole'])} and {'a' + spoken[3:] if parts[0] == '1' else spoken}"


def _from_to(match: Match) -> str:
    return f"{number(match['first'])} to {number(match['second'])}"


def _power(match: Match) -> str:
    base = number(match["base"])
    if match["superscript"]:
        return f"{base} {_SUPERSCRIPTS[match['superscript']]}"
    sign = "minus " if match["sign"] else ""
    return f"{base} to the power of {sign}{number(match['exponent'])}"


def _scientific(match: Match) -> str:
    sign = "minus " if match["sign"] == "-" else ""
    return f"{number(match['mantissa'])} times ten to the power of {sign}{number(match['exponent'])}"


def _plain(match: Match) -> str:
    digits = match["number"]
    touches = (
        match.string[max(match.start("number") - 1, 0)].isalpha() or match.string[match.end() :][:1].isalpha()
    )
    if touches and len(digits) > _LONGEST_IN_A_CODE and digits.isdecimal():
        return spelt(digits)
    sign = "minus " if match["minus"] else ""
    return sign + number(match["number"])


_OPERATOR = "".join(re.escape(sign) for sign in _OPERATORS)

NUMBERED = (
    Rule(
        "numbered",
        re.compile(r"(?:\b(?:No|Nos|no|nos)\.\s?|(?<![\w&#])#\s?|№\s?)(?=\d)"),
        lambda _: "number ",
    ),
)
"""Goes before the years: what is numbered is none."""

NUMBERS = (
    Rule(
        "ordinal",
        re.compile(r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+|\d{1,9})(?:st|nd|rd|th)\b"),
        lambda match: ordinal(int(match["number"].replace(",", ""))),
    ),
    Rule(
        "set phrase",
        re.compile(r"(?<![\w/])(?:24/7|50/50|9/11)(?![\w/])"),
        lambda match: " ".join(cardinal(int(part)) for part in match.group().split("/")),
    ),
    Rule(
        "fraction",
        re.compile(
            r"(?<![\w./,-])(?:(?P<whole>\d{1,4})[\s-])?(?P<numerator>\d{1,3})[/⁄](?P<denominator>\d{1,4})(?![\w/]|[.,]\d)"
        ),
        written_fraction,
    ),
    Rule(
        "vulgar fraction",
        re.compile(rf"(?:(?<!\d)(?P<whole>\d+)\s?)?(?P<fraction>[{_VULGAR}])"),
        _vulgar_fraction,
    ),
    Rule(
        "scientific",
        re.compile(rf"(?<![\w.])(?P<mantissa>{NUMBER})[eE](?P<sign>[+-]?)(?P<exponent>\d{{1,3}})(?!\w)"),
        _scientific,
    ),
    Rule(
        "power",
        re.compile(
            rf"(?<![\w.])(?P<base>{NUMBER})(?:\^(?P<sign>-)?(?P<exponent>\d{{1,3}})|(?P<superscript>[²³]))(?!\w)"
        ),
        _power,
    ),
    Rule(
        "resolution",
        re.compile(r"(?<![\w.,])(?P<width>\d{3,4})(?:[x×]|\sx\s)(?P<height>\d{3,4})(?![\w.,]*\d)"),
        lambda match: f"{year(int(match['width']))} by {year(int(match['height']))}",
    ),
    Rule(
        "times",
        re.compile(r"(?<=\d)\s×\s(?=\d)"),
        lambda _: " times ",
    ),
    Rule(
        "by",
        re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)|(?<=\d)\s(?:by)\s(?=\d)"),
        lambda _: " by ",
    ),
    Rule(
        "times over",
        re.compile(rf"(?<![\w.,])(?P<number>{NUMBER})[x×](?!\w)"),
        lambda m: f"{number(m['number'])} times",
    ),
    Rule("ratio", re.compile(r"(?<=\d):(?=\d)"), lambda _: " to "),
    Rule(
        "code",
        re.compile(r"(?<![\w.,])\d{1,6}(?:-\d{1,6}){2,8}(?![\w-]|[.,]\d)"),
        lambda match: ", ".join(spelt(group) for group in match.group().split("-")),
    ),
    Rule(
        "from to",
        re.compile(rf"(?<![\w.,-])(?P<first>{NUMBER}){DASH}(?P<second>{NUMBER})(?![\w-]|[.,]\d)"),
        _from_to,
    ),
    Rule(
        "operator",
        re.compile(
            rf"(?<=[\d)²³])\s?(?P<sign>[+*×÷=≠≈<>≤≥±])\s?(?=[\d(])|(?<=[\w)²³])\s(?P<spaced>[{_OPERATOR}])\s(?=[\w(])"
        ),
        lambda match: f" {_OPERATORS[match['sign'] or match['spaced']]} ",
    ),
    Rule(
        "prefix",
        re.compile(r"(?<![\w.,)])(?P<sign>[<>]=|[~≈±<>≤≥+])\s?(?=[$€£]?\d)"),
        lambda match: f"{_PREFIXES[match['sign']]} ",
    ),
    Rule(
        "scaled",
        re.compile(rf"(?<![\w.,])(?P<number>{NUMBER})(?P<scale>k|K|M|B|bn)(?!\w)"),
        lambda match: f"{number(match['number'])} {SCALES[match['scale']]}",
    ),
    Rule("number", re.compile(rf"(?P<minus>(?:(?<=[\s(\[])|^){MINUS})?(?P<number>{NUMBER})"), _plain),
)
