"""Mathematics and chemistry: powers, roots, comparisons, Greek letters, formulas such as H₂O."""

import re
import unicodedata

from worker.text.english.words import NUMBER, number
from worker.text.reading import Match, Rule

_RAISED_FIGURES = "⁰¹²³⁴-⁹⁺⁻⁼⁽⁾"
_RAISED = f"{_RAISED_FIGURES}ⁿⁱ"
_LOWERED = "₀-₉"
_SIGNS = {
    "+": "plus",
    "-": "minus",
    "\N{MINUS SIGN}": "minus",
    "*": "times",
    "×": "times",
    "/": "over",
    "\N{FRACTION SLASH}": "over",
    "=": "equals",
    "(": "",
    ")": "",
}
_TERM = re.compile(rf"{NUMBER}|[A-Za-z]+|\S")
_POWERS = {"2": "squared", "3": "cubed"}
_ELEMENT_OR_COUNT = re.compile(r"[A-Z][a-z]?|[₀-₉]+|[⁰¹²³⁴-⁹]+|[⁺⁻]|[()]")
_SMALL = {"⁺": "plus", "⁻": "minus", "(": "", ")": ""}
_ROOTS = {"√": "square root of", "∛": "cube root of", "∜": "fourth root of"}
_ONE_LETTER = r"(?<=(?<![A-Za-z])[A-Za-z])"
_LETTERS_THAT_ARE_NO_WORD = r"(?<=(?<![A-Za-z])[b-df-hj-np-tv-z]{2})|(?<=(?<![A-Za-z])[b-df-hj-np-tv-z]{3})"
_FINAL_SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}"


def _digits(written: str) -> str:
    return unicodedata.normalize("NFKC", written)


def _expression(written: str) -> str:
    """Return the spoken form of an exponent: "n plus one"."""
    terms = _TERM.findall(written)
    return " ".join(
        filter(None, (number(term) if term[0].isdecimal() else _SIGNS.get(term, term) for term in terms))
    )


def _power(match: Match) -> str | None:
    exponent = _digits(match["raised"] or match["group"] or match["single"])
    if exponent in _POWERS:
        return f" {_POWERS[exponent]}"
    spoken = _expression(exponent)
    return f" to the power of {spoken}" if spoken else None


def _formula(match: Match) -> str:
    """Return "H two O": the letters one by one, as chemists say them."""
    words = []
    for part in _ELEMENT_OR_COUNT.findall(match.group()):
        if part[0].isalpha():
            words.append(" ".join(part.upper()))
        else:
            words.append(_SMALL[part] if part in _SMALL else number(_digits(part)))
    return " ".join(filter(None, words))


def _greek(match: Match) -> str | None:
    """Return the name of a letter that stands alone; Greek words stay as they are."""
    letter = match.group()
    name = unicodedata.name(letter, "").removeprefix("GREEK ").partition(" LETTER ")[2].lower()
    if letter == _FINAL_SIGMA or not name.isalpha():
        return None
    name = {"lamda": "lambda"}.get(name, name)
    return name.title() if letter.isupper() else name


ALGEBRA = (
    Rule(
        "chemical formula",
        re.compile(
            rf"(?<!\w)(?=[A-Za-z()]{{1,12}}[{_LOWERED}]|[A-Z][a-z]?[²³]?[⁺⁻])"
            rf"[A-Z](?:[A-Z]|(?<=[A-Z])[a-z]|[{_LOWERED}]|\((?=[A-Z])|\)(?=[{_LOWERED}]))*+"
            r"(?:[⁰¹²³⁴-⁹]*+[⁺⁻])?+(?!\w)"
        ),
        _formula,
        replaces=".+",
    ),
    Rule(
        "power",
        re.compile(
            rf"(?:{_ONE_LETTER}|{_LETTERS_THAT_ARE_NO_WORD}|(?<=[)\]{_LOWERED}′]))"
            rf"(?:(?P<raised>[{_RAISED}]++)"
            rf"|\s?\^\s?(?:[({{](?P<group>[\w\s+*/=\N{{MINUS SIGN}}-]{{1,60}}+)[)}}]"
            rf"|(?P<single>[-\N{{MINUS SIGN}}]?\d{{1,6}}(?!\w)|[A-Za-z](?![A-Za-z]))))"
        ),
        _power,
        replaces=f"[{_RAISED}]+",
    ),
    Rule(
        "power of a number",
        re.compile(
            rf"(?<=\d)(?:(?P<raised>(?=[{_RAISED_FIGURES}]*+[ⁿⁱ])[{_RAISED}]++)"
            rf"|\^(?:[({{](?P<group>[\w\s+*/=\N{{MINUS SIGN}}-]{{1,60}}+)[)}}]|(?P<single>[A-Za-z](?!\w))))"
        ),
        _power,
        replaces=f"[{_RAISED}]+",
    ),
    Rule(
        "index",
        re.compile(rf"[{_LOWERED}]+"),
        lambda match: f" {number(_digits(match.group()))}",
        replaces=".+",
    ),
    Rule("root", re.compile(r"[√∛∜]\s?"), lambda match: f" {_ROOTS[match.group()[0]]} "),
    Rule("over", re.compile(r"(?<!\d)⁄|⁄(?!\d)"), lambda _: " over "),
    Rule(
        "comparison",
        re.compile(
            rf"(?:{_ONE_LETTER}|(?<=[)\]{_LOWERED}]))(?P<gap>\s?)(?P<sign>[<>])(?P=gap)(?=[A-Za-z](?![A-Za-z<>])|[-\d(])"
        ),
        lambda match: " is less than " if match["sign"] == "<" else " is greater than ",
    ),
    Rule(
        "prime",
        re.compile(r"(?<=[A-Za-z])[′″]"),
        lambda match: " prime" if match.group() == "′" else " double prime",
    ),
    Rule(
        "Greek letter",
        re.compile(r"(?<![\u0370-\u03ff\u1f00-\u1fff])[Α-ω](?![\u0370-\u03ff\u1f00-\u1fff])"),
        _greek,
        replaces=".",
    ),
)
