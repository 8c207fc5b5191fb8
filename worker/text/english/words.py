"""Numbers in English words, as an American says them: no "and", no commas."""

import re

from num2words import num2words

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
"""A whole number or a decimal, with or without commas at the thousands."""
MINUS = "[-\N{MINUS SIGN}]"
DASH = "(?:-|\N{EN DASH}|\N{EM DASH})"
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

_LONGEST_COUNTED = 15
"""Digits: what is longer is a code, and is spelt."""
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
    """Return digits one by one; what is no digit is left out."""
    return " ".join(_DIGITS[int(each)] for each in digits if each.isdecimal())


def number(written: str) -> str:
    """Return what ``NUMBER`` matches in words: "1,234.50" as "... point five zero", "007" digit by digit."""
    whole, _, fraction = written.replace(",", "").partition(".")
    starts_with_zero = len(whole) > 1 and whole[0] == "0"
    if starts_with_zero or len(whole) > _LONGEST_COUNTED:
        words = spelt(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {spelt(fraction)}".strip() if fraction else words


def counted(written: str, singular: str, plural: str) -> str:
    """Return a number with its noun: "one dollar", "two dollars", "one point five dollars"."""
    return f"{number(written)} {singular if written == '1' else plural}"


def alternatives(words: "dict[str, str] | dict[str, tuple[str, str]] | list[str]") -> str:
    """Return a pattern for any of ``words``, the longest first."""
    return "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))


def _plain(words: str) -> str:
    return words.replace(",", "").replace(" and ", " ")
