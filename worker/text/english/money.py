"""Money: a sign before or after the amount, or a currency's code."""

import re

from worker.text.english.words import DASH, MINUS, NUMBER, SCALES, alternatives, cardinal, counted, number
from worker.text.reading import Match, Rule

_MAJOR = {
    "$": ("dollar", "dollars"),
    "US$": ("US dollar", "US dollars"),
    "C$": ("Canadian dollar", "Canadian dollars"),
    "CA$": ("Canadian dollar", "Canadian dollars"),
    "A$": ("Australian dollar", "Australian dollars"),
    "AU$": ("Australian dollar", "Australian dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "¥": ("yen", "yen"),
    "₹": ("rupee", "rupees"),
    "₩": ("won", "won"),
    "₽": ("ruble", "rubles"),
    "₿": ("bitcoin", "bitcoins"),
    "₺": ("lira", "lira"),
    "₪": ("shekel", "shekels"),
    "₴": ("hryvnia", "hryvnias"),
    "₫": ("dong", "dong"),
    "USD": ("US dollar", "US dollars"),
    "CAD": ("Canadian dollar", "Canadian dollars"),
    "AUD": ("Australian dollar", "Australian dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CNY": ("yuan", "yuan"),
    "INR": ("rupee", "rupees"),
    "CHF": ("Swiss franc", "Swiss francs"),
    "SEK": ("Swedish krona", "Swedish kronor"),
}
_MINOR = {"£": ("penny", "pence"), "GBP": ("penny", "pence")}
_CENT = ("cent", "cents")
_WITHOUT_MINOR = {"¥", "₩", "₿", "JPY", "₫"}
_SIGNS = alternatives([sign for sign in _MAJOR if not sign.isalpha()])
_CODES = alternatives([sign for sign in _MAJOR if sign.isalpha()])
_SCALE = (
    r"(?:[\s-]?(?P<word>hundred|thousand|million|billion|trillion)\b"
    rf"|(?P<scale>{alternatives(SCALES)})(?!\w))?"
)
_CENTS_DIGITS = 2


def _money(match: Match) -> str:
    sign = "minus " if match["minus"] else ""
    upper = match.groupdict().get("upper")
    scale = match["word"] or SCALES.get(match["scale"] or "", "")
    if upper:
        amounts = f"{number(match['amount'])} to {number(upper)}"
        return f"{sign}{amounts} {scale + ' ' if scale else ''}{_MAJOR[match['sign']][1]}"
    return sign + _amount(match["amount"], match["sign"], scale)


def _amount(amount: str, sign: str, scale: str) -> str:
    singular, plural = _MAJOR[sign]
    if scale:
        return f"{number(amount)} {scale} {plural}"
    whole, _, fraction = amount.partition(".")
    if len(fraction) != _CENTS_DIGITS or sign in _WITHOUT_MINOR:
        return counted(amount, singular, plural)
    cents = int(fraction)
    parts = [counted(whole, singular, plural)] if whole.strip("0") or not cents else []
    if cents:
        parts.append(f"{cardinal(cents)} {_MINOR.get(sign, _CENT)[0 if cents == 1 else 1]}")
    return " and ".join(parts)


_AMOUNT = rf"(?P<amount>{NUMBER})"

MONEY = (
    Rule(
        "money from to",
        re.compile(
            rf"(?P<minus>(?!))?(?P<sign>{_SIGNS})\s?{_AMOUNT}\s?{DASH}\s?(?:{_SIGNS})?(?P<upper>{NUMBER})(?![\d:/]){_SCALE}"
        ),
        _money,
    ),
    Rule(
        "money",
        re.compile(
            rf"(?:(?P<minus>(?<!\w){MINUS}))?(?P<sign>{_SIGNS}|\b(?:{_CODES})(?=\s?\d))\s?{_AMOUNT}{_SCALE}"
        ),
        _money,
    ),
    Rule(
        "money after",
        re.compile(
            rf"(?<![\w.,])(?P<minus>{MINUS})?{_AMOUNT}{_SCALE}\s?(?P<sign>[$€£₽₴₺₫](?!\d)|(?:{_CODES})\b)",
        ),
        _money,
    ),
    Rule(
        "cents",
        re.compile(rf"(?<![\w.,]){_AMOUNT}\s?¢"),
        lambda match: counted(match["amount"], *_CENT),
    ),
)
