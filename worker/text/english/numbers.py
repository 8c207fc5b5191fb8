"""All other numbers: ordinals, fractions, ranges, sums, codes, and plain ones last."""

import re

from worker.text.english.fractions import VULGAR, vulgar_fraction, written_fraction
from worker.text.english.words import DASH, MINUS, NUMBER, before, cardinal, number, ordinal, spelt, year
from worker.text.reading import Match, Rule

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_RAISED_FIGURES = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"
_AFTER_POWER = re.compile(r"\^-?\d+\Z")
_POWERS = {"2": "squared", "3": "cubed"}
_LONGEST_IN_A_CODE = 4
"""Digits among letters that are still read as a number, as in GPT-4 and A380."""
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
_FORMULA = re.compile(r"[=+*×÷^]|\bis\s\d|\bequals\b")
_BEFORE_TERM = re.compile(r"[=+(]\s?\Z|[xyz)²³\d]\s[-\N{MINUS SIGN}]\s\Z")
_AFTER_TERM = re.compile(r"\s?[=+^)]\s?[\w(-]|\s[-\N{MINUS SIGN}]\s(?:\d+(?![\dx×])|[a-z]\b)")
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


def _point(match: Match) -> str:
    return " point" if match["number"].endswith(".") else ""


def _from_to(match: Match) -> str:
    return f"{number(match['first'])} to {number(match['second'])}"


def _power(match: Match) -> str:
    exponent = (match["exponent"] or match["raised"] or "").translate(_RAISED).strip("()")
    if exponent in _POWERS:
        return f" {_POWERS[exponent]}"
    sign = "minus " if exponent[:1] in {"-", "\N{MINUS SIGN}"} else ""
    size = exponent.lstrip("+-\N{MINUS SIGN}")
    return f" to the power of {sign}{size if size.isalpha() else number(size) if size else ''}"


def _scientific(match: Match) -> str:
    sign = "minus " if match["sign"] == "-" else ""
    return f"{number(match['mantissa'])} times ten to the power of {sign}{number(match['exponent'])}"


def _times_over(match: Match) -> str:
    """Read 2x as "two times", but in an equation as "two x"."""
    is_term = match.group()[-1] == "x" and (
        _BEFORE_TERM.search(before(match)) or _AFTER_TERM.match(match.string, match.end())
    )
    return f"{number(match['number'])} {'x' if is_term else 'times'}"


def _plain(match: Match) -> str:
    written = match["number"]
    start, end = match.span("number")
    touches = match.string[max(start - 1, 0)].isalpha() or match.string[end : end + 1].isalpha()
    if touches and len(written) > _LONGEST_IN_A_CODE and written.isdecimal():
        return spelt(written)
    sign = "minus " if match["minus"] else ""
    return sign + number(written)


def _set_phrase(match: Match) -> str | None:
    if match["first"] and int(match["first"]) + int(match["second"]) != 100:  # noqa: PLR2004  # parts of a whole
        return None
    return " ".join(cardinal(int(part)) for part in re.split("[/-]", match.group()))


def _minus_or_dash(match: Match) -> str | None:
    sign = match["sign"]
    start, end = match.span()
    if sign in "/\N{MINUS SIGN}" or (
        sign == "-" and _FORMULA.search(match.string, max(start - 30, 0), end + 30)
    ):
        return f" {_OPERATORS[sign]} "
    are_figures = match.string[start - 1].isdecimal() and match.string[end : end + 1].isdecimal()
    return " to " if are_figures else None


_OPERATOR = "".join(re.escape(sign) for sign in _OPERATORS if sign not in "-/\N{MINUS SIGN}")

NUMBERED = (
    Rule(
        "numbered",
        re.compile(
            r"(?:\b(?:No|no|(?P<several>Nos|nos))\.\s?|(?<!\w)(?:N°|n°|Nº|nº)\s?|(?<![\w&#])#\s?|№\s?)(?=\d)"
        ),
        lambda match: "numbers " if match["several"] else "number ",
    ),
)
"""It goes before the years: a number after "No." is not a year."""

NUMBERS = (
    Rule(
        "ordinal",
        re.compile(r"(?<![\w.])(?<!\d/)(?P<number>\d{1,3}(?:,\d{3}){1,10}|\d{1,9})(?i:st|nd|rd|th)\b"),
        lambda match: ordinal(int(match["number"].replace(",", ""))),
    ),
    Rule(
        "ordinal of a decimal",
        re.compile(r"(?<![\w.,])(?P<number>\d{1,3}\.\d{0,3})(?P<last>\d)th\b"),
        lambda match: f"{number(match['number'].rstrip('.'))}{_point(match)} {ordinal(int(match['last']))}",
    ),
    Rule(
        "ordinals from to",
        re.compile(rf"(?i)(?<=st|nd|rd|th){DASH}(?=\d{{1,9}}(?:st|nd|rd|th)\b)"),
        lambda _: " to ",
    ),
    Rule(
        "set phrase",
        re.compile(
            r"(?<![\w/.,-])(?:24/7(?:/365)?|20/20|9/11|50-50|(?P<first>[1-9][05])/(?P<second>[1-9][05]))(?![\w/-]|[.,]\d)"
        ),
        _set_phrase,
    ),
    Rule(
        "score",
        re.compile(
            r"(?<![\w./,-])(?P<points>\d{1,2}(?:\.\d)?)/(?P<all>10(?!\s(?:of|inch|mile))|[1-9]\d{0,2}(?=\sstars?\b)|(?<=\.\d/)[1-9]\d{0,2}|(?<=\b5/)5)(?![\w/]|[.,]\d)"
        ),
        lambda match: f"{number(match['points'])} out of {number(match['all'])}",
    ),
    Rule(
        "fraction",
        re.compile(
            r"(?<![\w./,-])(?:(?P<whole>\d{1,4})[\s-])?(?P<numerator>\d{1,3})[/⁄](?P<denominator>\d{1,4})(?:rds?|ths?)?(?![\w/]|[.,]\d)"
        ),
        written_fraction,
    ),
    Rule(
        "vulgar fraction",
        re.compile(rf"(?:(?<!\d)(?P<whole>\d+)[\s-]?)?(?P<fraction>[{VULGAR}])"),
        vulgar_fraction,
    ),
    Rule(
        "scientific",
        re.compile(rf"(?<![\w.])(?P<mantissa>{NUMBER})[eE](?P<sign>[+-]?)(?P<exponent>\d{{1,3}})(?!\w)"),
        _scientific,
    ),
    Rule(
        "power",
        re.compile(
            # After any base: 10⁶, x^2, mc², (a+b)^n, 2^(n+1).
            rf"(?<=[\w)\]])(?:\^(?P<exponent>[-−+]?(?:\d{{1,6}}(?:\.\d{{1,6}})?|[a-z](?!\w))|\([-−+]?\d{{1,6}}\)|(?=[({{]))"
            rf"|(?P<raised>[⁺⁻]?{_RAISED_FIGURES}{{1,6}}|[⁺⁻]?ⁿ))"
        ),
        _power,
        replaces=r"[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+",
    ),
    Rule(
        "resolution",
        re.compile(r"(?<![\w.,])(?P<width>\d{3,4})(?:[x×]|\sx\s)(?P<height>\d{3,4})(?![\w.,]*\d)"),
        lambda match: f"{year(int(match['width']))} by {year(int(match['height']))}",
    ),
    Rule(
        "times",
        re.compile(
            r"(?<=\d)\s×\s(?=\d)|(?<=\d)\s?[x×]\s?(?=[$€£]\d)|(?<=\d)\s?[×x·⋅*]\s?(?=10[\^⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺])"
        ),
        lambda _: " times ",
    ),
    Rule(
        "by",
        re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)|(?<=[\"″])[x×](?=\d)|(?<=\d)\s(?:by)\s(?=\d)"),
        lambda _: " by ",
    ),
    Rule(
        "times from to",
        re.compile(rf"(?<![\w.,-])(?P<first>{NUMBER}){DASH}(?P<second>{NUMBER})[x×](?!\w)"),
        lambda match: f"{_from_to(match)} times",
    ),
    Rule(
        "times over",
        re.compile(rf"(?<![\w.,])(?P<number>{NUMBER})[x×](?!\w)"),
        _times_over,
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
        "minus or dash",
        # Only between two terms: "Bob - a friend" has a dash.
        re.compile(r"(?:(?<=[\d)²³])|(?<=\b[A-Za-z])|(?<=\d[a-z]))\s(?P<sign>[-−–/])\s(?=\(|\d|[A-Za-z]\b)"),
        _minus_or_dash,
    ),
    Rule(
        "prefix",
        re.compile(r"(?<![\w.,)=-])(?P<sign>[<>]=|[~≈±<>≤≥+])\s?(?=[$€£]?\d)"),
        lambda match: f"{_PREFIXES[match['sign']]} ",
    ),
    Rule(
        "decimal comma",
        re.compile(r"(?<![\w.,])\d{1,3},\d{1,2}(?=\s(?:million|billion|trillion)\b)"),
        lambda match: number(match.group()),
    ),
    Rule(
        "decimal comma after zero",
        re.compile(r"(?<![\w.,])0,\d{1,6}(?![\w]|[.,]\d)"),
        lambda match: number(match.group().replace(",", ".")),
    ),
    Rule("number", re.compile(rf"(?P<minus>(?:(?<=[\s(\[])|^){MINUS})?(?P<number>{NUMBER})"), _plain),
    Rule(
        "hyphen in a code",
        re.compile(r"(?<=\d)-(?=\d)"),
        lambda match: " minus " if _AFTER_POWER.search(before(match)) else " ",
    ),
    Rule("list", re.compile(r"(?<=\d),(?=\d)"), lambda _: ", "),
)
