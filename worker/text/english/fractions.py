"""Fractions in words, written with a slash or as one character."""

import unicodedata

from worker.text.english.words import cardinal, number, ordinal
from worker.text.reading import Match

_HALF = "half"
VULGAR = "".join(chr(code) for code in (*range(0xBC, 0xBF), *range(0x2150, 0x215F)))
_SPELT_DENOMINATORS = 100


def _fraction(numerator: int, denominator: int) -> str:
    if denominator == 2:  # noqa: PLR2004  # "second" is not a fraction
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
    if denominator < 2 or denominator > _SPELT_DENOMINATORS or not 0 < numerator < denominator:  # noqa: PLR2004  # not a fraction
        return f"{number(match['numerator'])} over {number(match['denominator'])}"
    spoken = _fraction(numerator, denominator)
    if not whole:
        return spoken
    return f"{number(whole)} and {'a' + spoken[3:] if numerator == 1 else spoken}"


def vulgar_fraction(match: Match) -> str | None:
    """Return "two and a half" for the groups whole and fraction, one character such as ½."""
    parts = unicodedata.normalize("NFKC", match["fraction"]).split("\N{FRACTION SLASH}")
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004  # a numerator without its denominator
        return None
    spoken = _fraction(int(parts[0]), int(parts[1]))
    if not match["whole"]:
        return spoken
    return f"{number(match['whole'])} and {'a' + spoken[3:] if parts[0] == '1' else spoken}"
