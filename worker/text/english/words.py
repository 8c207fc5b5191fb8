"""Numbers in American English words: no "and", no commas."""

import re

from num2words import num2words

from worker.text.reading import Match

_FIXED_BLANKS = "\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
_SPACED = (
    r"(?<!\d)[1-9]\d{0,2}(?:(?:\x20\d{3}){0,8}\x20000|(?:\x20\d{3}){2,8}"
    r"|\x20\d{3}(?=(?:,\d{1,2})?\x20?(?:[a-z]{2}|[€£$₽])))(?:[.,]\d{1,2})?(?![.,]?\d|\x20\d|-\d{4}(?!\d))"
)
"""A number grouped by spaces: 10 000, 12 345 678, 1 234 rows.

Two numbers may stand side by side, so a space joins only groups that look like one number. A telephone number
is longer.
"""
_GROUPED = "|".join(
    (
        r"\d{1,3}(?:,\d{3}){1,8}(?!,?\d)(?:\.\d++)?",
        r"\d{1,2}(?:,\d{2}){1,8},\d{3}(?!,?\d)(?:\.\d++)?",  # lakhs and crores
        r"\d{1,3}(?:['’]\d{3}){1,8}(?!\d)(?:\.\d++)?",
        r"\d{1,3}(?:\.\d{3}){1,8},\d{1,2}(?!\d)",
        r"\d{1,3}(?:\.\d{3}){2,8}(?!\.?\d)",
        rf"(?<!\d)[1-9]\d{{0,2}}(?:[{_FIXED_BLANKS}]\d{{3}}){{1,8}}(?!\d)(?:[.,]\d++)?",
        _SPACED,
    )
)
NUMBER = rf"(?:{_GROUPED}|\d++(?:\.\d++)?|(?<![\w.])\.\d++)"
"""A whole number or a decimal, with or without thousands separators: 1,234.5 or 10.000.000 or 1'000."""
AMOUNT = rf"(?:\d{{1,9}},\d{{1,2}}(?!,?\d|\.\d)|{NUMBER})"
"""Next to a unit or a currency, a comma may begin the decimals: 4,90 €."""
MINUS = "[-\N{MINUS SIGN}]"
DASH = "(?:-|\N{EN DASH}|\N{EM DASH})"
_NOT_THINGS = (
    "is|was|has|as|its|this|his|us|yes|always|unless|across|perhaps|besides|afterwards|does|says|plus|less|minus"
    "|now|for|if|and|or|in|when|to|at|from|right|today|who|that|which|where|but|because|so|then|before|after"
    "|are|were|will|can|on|by|with|the|a|an|ships|arrives|leaves|departs|lands|expires|works"
)
_THINGS = (
    rf"\s(?:(?!(?:{_NOT_THINGS})\b)[a-z-]{{2,}}\s){{0,2}}"
    rf"(?!(?:{_NOT_THINGS})\b)(?:[a-z]{{2,}}s|people|men|women|children|feet)\b"
)
_COUNTS = re.compile(_THINGS)
SCALES = {
    "k": "thousand",
    "K": "thousand",
    "M": "million",
    "m": "million",
    "mn": "million",
    "B": "billion",
    "bn": "billion",
    "Bn": "billion",
    "MM": "million",
    "mil": "million",
    "b": "billion",
    "T": "trillion",
    "tn": "trillion",
}

_LONGEST_LEAD = 60
_LONGEST_COUNTED = 15
"""Digits: a longer number is a code, and is read digit by digit."""
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def cardinal(number: int) -> str:
    """Return 1234 as "one thousand two hundred thirty-four"."""
    return _plain(num2words(number))


def ordinal(number: int) -> str:
    """Return 21 as "twenty-first"."""
    return _plain(num2words(number, to="ordinal"))


def year(number: int) -> str:
    """Return 1984 as "nineteen eighty-four", 2005 as "two thousand five", 1905 as "nineteen oh five"."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:  # noqa: PLR2004  # 2000 to 2009, and 1000 to 1009
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {spoken_pair(rest)}"


def spoken_pair(number: int) -> str:
    """Return two digits as in years and times: 5 as "oh five", 42 as "forty-two"."""
    return f"oh {cardinal(number)}" if number < 10 else cardinal(number)  # noqa: PLR2004


def spelt(digits: str) -> str:
    """Return digits one by one; other characters are dropped."""
    return " ".join(_DIGITS[int(each)] for each in digits if each.isdecimal())


def digits(written: str) -> str:
    """Return a match of ``AMOUNT`` as "1234.5": no thousands separators, the decimals after a dot."""
    marks = [each for each in written if not each.isdecimal()]
    whole, last, fraction = written, "", ""
    if marks and marks[-1] in ".," and marks.count(marks[-1]) == 1:
        whole, last, fraction = written.rpartition(marks[-1])
        if last == "," and len(marks) == 1 and len(fraction) > 2:  # noqa: PLR2004  # 1,234
            whole, last, fraction = written, "", ""
    plain = "".join(each for each in whole if each.isdecimal())
    return f"{plain}.{fraction}" if last else plain


def number(written: str) -> str:
    """Return a match of ``AMOUNT`` in words: "1,234.50" as "... point five zero", "007" digit by digit."""
    whole, _, fraction = digits(written).partition(".")
    starts_with_zero = len(whole) > 1 and whole[0] == "0"
    if starts_with_zero or len(whole) > _LONGEST_COUNTED:
        words = spelt(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {spelt(fraction)}".strip() if fraction else words


def counted(written: str, singular: str, plural: str) -> str:
    """Return a number with its noun: "one dollar", "two dollars", "one point five dollars"."""
    return f"{number(written)} {singular if written == '1' else plural}"


def before(match: Match) -> str:
    """Return the text before a match, as much as is relevant to its meaning."""
    return match.string[max(match.start() - _LONGEST_LEAD, 0) : match.start()]


def counts_things(match: Match) -> bool:
    """Whether a plural noun follows, after up to two words: the figures are a count."""
    return _COUNTS.match(match.string, match.end()) is not None


def alternatives(words: "dict[str, str] | dict[str, tuple[str, str]] | list[str]") -> str:
    """Return a pattern for any of ``words``, the longest first."""
    return "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))


def _plain(words: str) -> str:
    return words.replace(",", "").replace(" and ", " ")
