"""Normalises text from people and language models for an engine."""

import re
import unicodedata
from functools import cache

from worker.text.characters import INVISIBLE, JOINERS
from worker.text.english import english_rules
from worker.text.markup import MARKUP, PICTURES, TAGS
from worker.text.reading import Rule
from worker.text.tags import without_tags

_UNSPEAKABLE = {"Cc", "Cf", "Cn", "Co", "Cs"}
_JOINERS = "\u200c\u200d"
_BLANKS = re.compile(r"\s+")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_OTHER_SCRIPT = re.compile(
    r"[\u0370-\u1dff\u2c00-\u2dff\u2e80-\u2fdf\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc\uff66-\uffdc]"
)
_GREEK_SIGN = re.compile(
    r"(?<![\u0370-\u03ff\u1f00-\u1fff])[\u0391-\u03c9\u03d5\u2126](?![\u0370-\u03ff\u1f00-\u1fff])"
)
"""A single letter, as in formulas."""
_MONTH_FIRST = {"en", "en-us", "en-ca", "en-ph"}


def clean_text(text: str) -> str:
    """Return ``text`` composed (NFC), on one line, without control and invisible characters.

    No word is lost: invisible characters vanish, other removed ones are replaced by a space.
    """
    if text.isascii() and text.isprintable():
        return _BLANKS.sub(" ", text).strip()
    visible = INVISIBLE.sub("", text)
    if not visible.isprintable():
        visible = "".join(map(_speakable, visible))
    composed = unicodedata.normalize("NFC", JOINERS.sub("", visible))
    return _BLANKS.sub(" ", composed).strip()


def _speakable(character: str) -> str:
    is_lost = unicodedata.category(character) in _UNSPEAKABLE and character not in _JOINERS
    return " " if is_lost else character


def is_speakable(text: str) -> bool:
    """Whether there is something to say: a letter or a digit of any script outside the tags."""
    return any(character.isalnum() for character in without_tags(text))


def rules_for(language: str | None, *, normalize: bool) -> tuple[Rule, ...]:
    """Return the rules for reading a language such as ``en-GB``; None counts as English.

    Other languages keep their numbers and abbreviations, which English rules would spoil.
    """
    if not normalize:
        return TAGS
    name = (language or "en").lower().replace("_", "-")
    if name.partition("-")[0] != "en":
        return (*TAGS, *MARKUP, *PICTURES)
    return _for_english(day_first=name not in _MONTH_FIRST)


@cache
def _for_english(*, day_first: bool) -> tuple[Rule, ...]:
    return (*TAGS, *MARKUP, *english_rules(day_first=day_first))


def looks_latin(sentence: str) -> bool:
    """Whether no other script outweighs the Latin letters, so that the language's own rules apply."""
    if sentence.isascii():
        return True
    others = sum(map(str.isalpha, _OTHER_SCRIPT.findall(_GREEK_SIGN.sub("", sentence))))
    return others <= len(_LATIN_LETTER.findall(sentence))
