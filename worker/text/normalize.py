"""Text as people and language models write it becomes text that an engine can take."""

import re
import unicodedata
from functools import cache

from worker.text.english import english_rules
from worker.text.markup import MARKUP, PICTURES, TAGS
from worker.text.reading import Match, Rule
from worker.text.tags import without_tags

_UNSPEAKABLE = {"Cc", "Cf", "Cn", "Co", "Cs"}
_JOINERS = "\u200c\u200d"
_WORD_JOINER = "\u2060"
_BLANKS = re.compile(r"\s+")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_OTHER_SCRIPT = re.compile(
    r"[\u0370-\u1dff\u2c00-\u2dff\u2e80-\u2fdf\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc\uff66-\uffdc]"
)
_GREEK_SIGN = re.compile(
    r"(?<![\u0370-\u03ff\u1f00-\u1fff])[\u0391-\u03c9\u03d5\u2126](?![\u0370-\u03ff\u1f00-\u1fff])"
)
"""A letter alone, as in formulas."""
_MONTH_FIRST = {"en", "en-us", "en-ca", "en-ph"}

CONTROLS = re.compile(
    # A terminal's sequences: a command, a title or a link, any other.
    r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b\n]*+(?:\x07|\x1b\\)|[ -/]++[0-~]|[0-?])"
    r"|(?P<pair>[\ud800-\udbff][\udc00-\udfff])"
    r"|(?P<windows>[\x80-\x9f])"
    r"|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]"
)
"""What no text holds on purpose, and nobody can speak."""
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\u20e3\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
"""Soft hyphens and other characters without a width: a word goes on behind them."""
JOINERS = re.compile("(?<![\u0600-\u1aff\ua840-\uabff\U00010a00-\U00011fff\u200c\u200d])[\u200c\u200d]+")
"""Where they shape nothing: behind letters of other scripts than those from Arabic to Mongolian."""


def mended(text: str) -> str:
    """Return ``text`` without control characters, as it was meant.

    Sequences for a terminal vanish, the two halves of a surrogate pair become one character, U+0080 to
    U+009F become the characters that Windows has there; every other control, and half a pair, becomes a
    blank. Tabs and line ends stay. It is the same again when it is mended twice.
    """
    return CONTROLS.sub(mended_control, text)


def mended_in_place(text: str) -> str:
    """Return ``text`` mended so that every character keeps its place; two halves of a pair count as one.

    A sequence becomes as many invisible characters. U+0085 stays: it is a line's end too.
    """
    return CONTROLS.sub(_mended_in_place, text)


def _mended_in_place(match: Match) -> str:
    if _is_sequence(match):
        return _WORD_JOINER * len(match.group())
    return match.group() if match.group() == "\x85" else mended_control(match)


def mended_control(match: Match) -> str:
    """Return what is read for a match of ``CONTROLS``."""
    found = match.group()
    if _is_sequence(match):
        return ""
    if match["pair"]:
        return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    if match["windows"]:
        return found.encode("latin-1").decode("cp1252", "replace").replace("\ufffd", " ")
    return " "


def _is_sequence(match: Match) -> bool:
    return match.group()[0] == "\x1b" and match.end() - match.start() > 1


def clean_text(text: str) -> str:
    """Return ``text`` composed (NFC), on one line, without control and invisible characters.

    No word is lost: what is invisible vanishes, what else is taken out is replaced by a space.
    """
    if text.isascii() and text.isprintable():
        return _BLANKS.sub(" ", text).strip()
    visible = INVISIBLE.sub("", mended(text))
    if not visible.isprintable():
        visible = "".join(map(_speakable, visible))
    composed = unicodedata.normalize("NFC", JOINERS.sub("", visible))
    return _BLANKS.sub(" ", composed).strip()


def _speakable(character: str) -> str:
    is_lost = unicodedata.category(character) in _UNSPEAKABLE and character not in _JOINERS
    return " " if is_lost else character


def is_speakable(text: str) -> bool:
    """Whether there are words to say: a letter or a digit of any script outside the tags."""
    return any(character.isalnum() for character in without_tags(text))


def rules_for(language: str | None, *, normalize: bool) -> tuple[Rule, ...]:
    """Return the rules by which a text in a language such as ``en-GB`` is read; None is taken for English.

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
    """Whether no other script outweighs the Latin letters, so that the language's own rules may be tried."""
    if sentence.isascii():
        return True
    others = sum(map(str.isalpha, _OTHER_SCRIPT.findall(_GREEK_SIGN.sub("", sentence))))
    return others <= len(_LATIN_LETTER.findall(sentence))
