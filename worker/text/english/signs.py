"""The remaining signs: spoken if they stand for a word, dropped otherwise."""

import re

from worker.text.markup import ARROWS
from worker.text.reading import Rule

_SPOKEN = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "°": "degrees",
    "→": "to",
    "‰": "per mille",
    "\N{MINUS SIGN}": "minus",
    "±": "plus or minus",
    "∓": "minus or plus",
    "≠": "does not equal",
    "≡": "is identical to",
    "≤": "is at most",
    "≥": "is at least",
    "≪": "is much less than",
    "≫": "is much greater than",
    "∼": "is similar to",
    "∝": "is proportional to",
    "∑": "sum",
    "∏": "product",
    "∫": "integral",
    "∂": "partial",
    "∇": "del",
    "∈": "is in",
    "∉": "is not in",
    "⊂": "is a subset of",
    "⊆": "is a subset of",
    "∪": "union",
    "∩": "intersection",
    "∀": "for all",
    "∃": "there exists",
    "¬": "not",
    "∧": "and",
    "∨": "or",
    "∅": "the empty set",
    "⊥": "is perpendicular to",
    "∥": "is parallel to",
    "∠": "angle",
    "∴": "therefore",
    "∵": "because",
    "♯": "sharp",
    "♭": "flat",
    "♮": "natural",
    "✕": "times",
    "✖": "times",
    "➕": "plus",
    "➖": "minus",
    "➗": "divided by",
    "✓": "check",
    "✔": "check",
    "☎": "phone",
    "☏": "phone",
    "✆": "phone",
    "⌘": "command",
    "⌥": "option",
    "⌃": "control",
    "⇧": "shift",
    "⇥": "tab",
    "⏎": "return",
    "⌫": "delete",
    "⎋": "escape",
    "♀": "female",
    "♂": "male",
    "+": "plus",
    "=": "equals",
    "§": "section",
    "¶": "paragraph",
    "×": "times",
    "÷": "divided by",
    "≈": "about",
    "∞": "infinity",
    "π": "pi",
    "µ": "micro",
    "²": "squared",
    "³": "cubed",
}
_SILENT = "↑↓←↔↕⇐⇔©®™℠*_`~^|<>{}\\•·#†‡"
_ARROWS = f"→⇒⟶⟹↦{ARROWS}"
_UP = "↑▲"
_DOWN = "↓▼"

HEART = Rule(
    "heart",
    re.compile(
        r"(?<=\w )<3+(?=[\s.,!?)]*\Z|\s(?:u|you|it|this|my|your|the|all)\b|\s?[.!?]\s)(?<!\b\w <3)"
        r"|(?<=\bI )<3(?=\s[A-Za-z])"
    ),
    lambda _: "heart",
)
"""It goes before the comparisons."""
SIGNS = (
    Rule("arrow", re.compile(rf"\s?(?:-{{1,2}}>|=>|[{_ARROWS}]+)\s?"), lambda _: " to "),
    Rule("up", re.compile(rf"[{_UP}]\s?(?=\d)|(?<=[\d%]\s)[{_UP}]"), lambda _: " up "),
    Rule("down", re.compile(rf"[{_DOWN}]\s?(?=\d)|(?<=[\d%]\s)[{_DOWN}]"), lambda _: " down "),
    Rule("either or both", re.compile(r"(?<=[Aa]nd)/(?=or\b)|(?<=[A-Z])/(?=[A-Z]{2})"), lambda _: " "),
    Rule(
        "either",
        re.compile(r"(?i)\b(?P<one>s?he|his|him|her|himself)/(?P<other>s?he|hers?|him|herself|they)\b"),
        lambda match: f"{match['one']} or {match['other']}",
    ),
    Rule("slash of a path", re.compile(r"(?<!\S)/(?=\w)"), lambda _: "slash "),
    Rule("slash", re.compile(r"(?<=\w)/(?=\w)"), lambda _: " slash "),
    Rule("sections", re.compile(r"§§\s?(?=\d)"), lambda _: "sections "),
    Rule("sharp", re.compile(r"(?<=\b[A-G])#(?=\d?(?!\w))"), lambda _: " sharp"),
    Rule(
        "minus of a mark or a blood group",
        re.compile(
            r"(?:(?<=\b[Aa]n )|(?<=\b[Aa] )|(?<=ype )|(?<=rade )|(?<=got ))(?P<mark>[A-F]|O|AB)-"
            r"(?=[\s.,;:!?)]|\Z)(?!\s(?:and|or)\b)"
        ),
        lambda match: f"{match['mark']} minus",
    ),
    Rule("logical and", re.compile(r"\s?&&\s?"), lambda _: " and "),
    Rule(
        "spoken sign",
        re.compile(f"[{re.escape(''.join(_SPOKEN))}]"),
        lambda match: f" {_SPOKEN[match.group()]} ",
    ),
    Rule("silent sign", re.compile(f"[{re.escape(_SILENT)}]+"), lambda _: " "),
)
