"""Roman numerals: their form and their value, alone or in a list."""

import re
import unicodedata

from worker.text.english.words import cardinal, number
from worker.text.reading import Match

CANONICAL = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
SMALL = r"(?=[ivxl])(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
SIGNS = r"[\u2160-\u217f]+"
NUMERAL = rf"(?:{CANONICAL}|{SIGNS})(?!\w|\.[A-Z]\b|\.[a-z])"
_LETTER = r"(?:[a-e]|(?<=[IVX][IVX])[A-E])?"
"""As in IIb and IIIA; after a single letter it would match too many words: ID, IC, VA."""
ITEM = rf"(?:{CANONICAL}|{SIGNS}){_LETTER}(?:\.\d{{1,3}}){{0,3}}(?!\w|\.[A-Z]\b|\.[a-z])"
JOINT = r"(?:,\s(?:and\s|or\s|to\s)?|\s(?:and|or|to|&|through)\s|\s?[-\N{EN DASH}\N{EM DASH}/]\s?)"
_SPLIT_ITEM = re.compile(rf"(?P<numeral>{CANONICAL}|{SIGNS}|{SMALL})(?P<letter>[A-Ea-e]?)(?P<points>[\d.]*)")
_SPOKEN_JOINTS = {"-": " to ", "\N{EN DASH}": " to ", "\N{EM DASH}": " to ", "/": " slash ", "&": " and "}
WRITTEN = r"[IVXLCDMivxlcdm\u2160-\u217f]+[A-Ea-e]?"
"""Words that these rules replace."""


def value_of(numeral: str) -> int | None:
    """Return the value; None if the form is not canonical."""
    letters = unicodedata.normalize("NFKC", numeral).upper()
    if not re.fullmatch(CANONICAL, letters):
        return None
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in letters]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _read_item(item: str) -> tuple[tuple[int, str], str] | None:
    """Return the value of IV, IVb or IV.2, for comparison, and its spoken form."""
    found = _SPLIT_ITEM.fullmatch(item)
    if found is None or (value := value_of(found["numeral"])) is None:
        return None
    points = [f"point {number(each)}" for each in found["points"].split(".") if each]
    return (value, found["letter"] + found["points"]), " ".join([cardinal(value), *found["letter"], *points])


def read_list(match: Match) -> tuple[str, str] | None:
    """Return the spoken form of the group ``numerals``, and the rest from the point where it stops rising.

    In "part II and I" the numeral is the first.
    """
    item, *others = re.split(f"({JOINT})", match["numerals"])
    if (read := _read_item(item)) is None:
        return None
    value, spoken = read
    for at in range(0, len(others), 2):
        joint = others[at]
        if (read := _read_item(others[at + 1])) is None or read[0] <= value:
            return spoken, "".join(others[at:])
        value = read[0]
        spoken += _SPOKEN_JOINTS.get(joint.strip(), joint) + read[1]
    return spoken, ""
