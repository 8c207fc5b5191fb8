"""Signs left over at the end: said where they mean a word, left out where they mean nothing to the ear."""

import re

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
_SILENT = "↑↓←↔↕⇒⇐⇔©®™℠*_`~^|<>{}\\•·#†‡"

SIGNS = (
    Rule("arrow", re.compile(r"\s?(?:-{1,2}>|=>|→)\s?"), lambda _: " to "),
    Rule("either or both", re.compile(r"(?<=[Aa]nd)/(?=or\b)|(?<=[A-Z])/(?=[A-Z]{2})"), lambda _: " "),
    Rule(
        "either",
        re.compile(r"(?i)\b(?P<one>s?he|his|him|her|himself)/(?P<other>s?he|hers?|him|herself|they)\b"),
        lambda match: f"{match['one']} or {match['other']}",
    ),
    Rule("slash of a path", re.compile(r"(?<!\S)/(?=\w)"), lambda _: "slash "),
    Rule("slash", re.compile(r"(?<=\w)/(?=\w)"), lambda _: " slash "),
    Rule("sharp", re.compile(r"(?<=\b[A-G])#(?!\w)"), lambda _: " sharp"),
    Rule(
        "spoken sign",
        re.compile(f"[{re.escape(''.join(_SPOKEN))}]"),
        lambda match: f" {_SPOKEN[match.group()]} ",
    ),
    Rule("silent sign", re.compile(f"[{re.escape(_SILENT)}]+"), lambda _: " "),
)
