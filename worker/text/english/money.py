"""Money: a sign before or after the amount, or a currency code."""

import re

from worker.text.english.words import (
    AMOUNT,
    DASH,
    MINUS,
    SCALES,
    alternatives,
    cardinal,
    counted,
    digits,
    number,
)
from worker.text.reading import Match, Rule

_MAJOR = {
    "$": ("dollar", "dollars"),
    "US$": ("US dollar", "US dollars"),
    "C$": ("Canadian dollar", "Canadian dollars"),
    "CA$": ("Canadian dollar", "Canadian dollars"),
    "A$": ("Australian dollar", "Australian dollars"),
    "AU$": ("Australian dollar", "Australian dollars"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars"),
    "S$": ("Singapore dollar", "Singapore dollars"),
    "R$": ("Brazilian real", "Brazilian reals"),
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
    "NOK": ("Norwegian krone", "Norwegian kroner"),
    "DKK": ("Danish krone", "Danish kroner"),
    "PLN": ("zloty", "zlotys"),
    "zł": ("zloty", "zlotys"),
    "MXN": ("Mexican peso", "Mexican pesos"),
    "NZD": ("New Zealand dollar", "New Zealand dollars"),
    "SGD": ("Singapore dollar", "Singapore dollars"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars"),
    "kr": ("krone", "kroner"),
    "Rs.": ("rupee", "rupees"),
    "Rs": ("rupee", "rupees"),
}
_MINOR = {"£": ("penny", "pence"), "GBP": ("penny", "pence")}
_CENT = ("cent", "cents")
_WITHOUT_MINOR = {"¥", "₩", "₿", "JPY", "₫"}
_SIGNS = alternatives([sign for sign in _MAJOR if not sign.rstrip(".").isalpha()])
_CODES = alternatives([sign for sign in _MAJOR if sign.rstrip(".").isalpha()])
_SCALES = SCALES | {
    "mio": "million",
    "Mio": "million",
    "mrd": "billion",
    "Mrd": "billion",
    "trn": "trillion",
    "cr": "crore",
}
_APART = alternatives(
    ["k", "K", "m", "M", "B", "bn", "Bn", "mn", "mil", "tn", "trn", "mio", "Mio", "mrd", "Mrd", "cr"]
)
_SCALE = (
    r"(?:[\s-]?(?P<word>hundred|thousand|million|billion|trillion|lakh|crore)\b"
    rf"|(?P<scale>{alternatives(_SCALES)})(?!\w)|\s(?P<apart>{_APART})(?![\w/]))?"
)
"""A space may precede a scale word, but not a lone letter, which is more likely a word or a unit."""
_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
_CENTS_DIGITS = 2


def _nothing(_: Match) -> str:
    return ""


def _money(match: Match) -> str:
    named = match.groupdict()
    sign = "minus " if named.get("minus") or named.get("loss") else ""
    scale = match["word"] or _SCALES.get(match["scale"] or match["apart"] or "", "")
    currency = match["sign"]
    amount = _without_dots(match["amount"], currency)
    if not (upper := named.get("upper")):
        return sign + _amount(amount, currency, scale)
    first_scale = SCALES.get(named.get("first_scale") or "", "")
    first = f"{number(amount)} {first_scale}" if first_scale not in {"", scale} else number(amount)
    second = f"{number(_without_dots(upper, currency))} {scale}".strip()
    return f"{first} to {second} {_MAJOR[currency][1]}"


def _named(match: Match) -> str:
    """Read "$5 dollars" as "five dollars", and "a $5 dollar bill" as it is said."""
    spoken = _money(match)
    singular, plural = _MAJOR[match["sign"]]
    is_noun_behind = (
        match["named"] == singular and match.string[match.end() : match.end() + 2].strip().isalpha()
    )
    return spoken.removesuffix(plural) + singular if is_noun_behind and spoken.endswith(plural) else spoken


def _without_dots(amount: str, sign: str) -> str:
    """Read €1.000 as one thousand: euro amounts never have three decimals."""
    return amount.replace(".", "") if sign in {"€", "EUR"} and _THOUSANDS.fullmatch(amount) else amount


def _amount(amount: str, sign: str, scale: str) -> str:
    singular, plural = _MAJOR[sign]
    if scale:
        return f"{number(amount)} {scale} {plural}"
    amount = digits(amount)
    whole, _, fraction = amount.partition(".")
    if len(fraction) != _CENTS_DIGITS or sign in _WITHOUT_MINOR:
        return counted(amount, singular, plural)
    cents = int(fraction)
    parts = [counted(whole, singular, plural)] if whole.strip("0") or not cents else []
    if cents:
        parts.append(f"{cardinal(cents)} {_MINOR.get(sign, _CENT)[0 if cents == 1 else 1]}")
    return " and ".join(parts)


_AMOUNT = rf"(?P<amount>{AMOUNT})"
_FIRST_SCALE = r"(?:\s?(?P<first_scale>k|K|m|M|B|mn|bn))?"
_BEFORE_AMOUNT = rf"(?P<sign>{_SIGNS}|\b(?:{_CODES})(?=\s?\d))"
_AFTER_AMOUNT = rf"(?P<sign>[$€£₽₴₺₫](?!\d)|(?:{_CODES})\b)"

_SAID_TWICE = {
    "$": ("dollars?", "USD|CAD|AUD|NZD|SGD|HKD|MXN"),
    "€": ("euros?", "EUR"),
    "£": ("pounds?", "GBP"),
}

MONEY = (
    *(
        Rule(
            f"{sign} and its code",
            re.compile(rf"(?P<minus>(?<!\w){MINUS})?[{sign}]\s?{_AMOUNT}{_SCALE}\s?(?P<sign>{codes})\b"),
            _money,
        )
        for sign, (_, codes) in _SAID_TWICE.items()
    ),
    *(
        Rule(
            f"{sign} and its name",
            re.compile(
                rf"(?P<minus>(?<!\w){MINUS})?(?P<sign>[{sign}])\s?{_AMOUNT}{_SCALE}\s(?P<named>{names})\b"
            ),
            _named,
        )
        for sign, (names, _) in _SAID_TWICE.items()
    ),
    Rule(
        "money from to",
        re.compile(
            rf"{_BEFORE_AMOUNT}\s?{_AMOUNT}{_FIRST_SCALE}\s?{DASH}\s?(?:{_SIGNS})?(?P<upper>{AMOUNT})(?![\d:]|/\d){_SCALE}"
        ),
        _money,
    ),
    Rule(
        "money",
        re.compile(
            rf"(?P<minus>(?<!\w){MINUS})?{_BEFORE_AMOUNT}\s?(?P<loss>(?<=[$€£]){MINUS})?{_AMOUNT}{_SCALE}"
        ),
        _money,
    ),
    Rule(
        "money after from to",
        re.compile(
            rf"(?<![\w.,-]){_AMOUNT}{_FIRST_SCALE}\s?{DASH}\s?(?P<upper>{AMOUNT}){_SCALE}\s?{_AFTER_AMOUNT}",
        ),
        _money,
    ),
    Rule(
        "money after",
        re.compile(
            rf"(?<![\w.,])(?P<minus>{MINUS})?{_AMOUNT}{_SCALE}(?:[.,][-\N{{EN DASH}}])?\s?{_AFTER_AMOUNT}"
        ),
        _money,
    ),
    Rule(
        "cents",
        re.compile(rf"(?<![\w.,]){_AMOUNT}\s?¢"),
        lambda match: counted(match["amount"], *_CENT),
    ),
    Rule("no cents", re.compile(r"(?<=\d)(?:/-|\.-|,-)(?![\w-])"), _nothing),
    Rule("either sum", re.compile(r"(?<=\d)\s?/\s?(?=[$€£])"), lambda _: " or "),
)
