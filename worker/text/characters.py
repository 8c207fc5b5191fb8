"""Character clean-up: controls, invisible characters, composition (NFC), styled letters."""

import re
import unicodedata
from functools import cache

from worker.text.draft import Draft, Edit
from worker.text.reading import Match

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\u20e3\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
"""Soft hyphens and other characters without a width; the word continues after them."""
JOINERS = re.compile("(?<![\u0600-\u1aff\ua840-\uabff\U00010a00-\U00011fff\u200c\u200d])[\u200c\u200d]+")
"""Joiners without effect: after letters outside the scripts from Arabic to Mongolian."""

_CONTROLS = re.compile(
    # Escape sequences of terminals: a command, a title or a link, any other.
    r"(?P<sequence>\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b\n]*+(?:\x07|\x1b\\)|[ -/]++[0-~]|[0-?]))"
    r"|(?P<windows>[\x80-\x9f])"
    r"|[\x00-\x08\x0e-\x1f\x7f]"
)
"""Characters that occur only by accident and cannot be spoken."""
_HALF = re.compile("[\ud800-\udfff]")
_PLAIN = {"<font>", "<wide>", "<narrow>", "<square>", "<circle>", "<compat>"}
_SHAPES = {"<initial>", "<medial>", "<final>", "<isolated>"}
_RAISED = {"<super>"}
_STYLED = re.compile(
    # Ligatures and letters of old character sets; letters used as signs, but № which is a word;
    "(?:[\u0132\u0133\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb17\u2100-\u2115\u2117-\u2134\u2139-\u214f"
    # circled, in brackets and squared ones; units, names and months in a square;
    "\u2460-\u24ff\u2776-\u2793\u3200-\u33ff\U0001f100-\U0001f1ad"
    # forms of Arabic letters; wide letters, digits and signs of calculation, narrow Katakana and Hangul;
    "\ufb50-\ufdfc\ufe70-\ufefc\uff03-\uff06\uff0a\uff0b\uff0d\uff0f-\uff19\uff1c-\uff1e\uff20-\uff3a\uff3e-\uff5a"
    "\uff5e\uff66-\uffdc\uffe0-\uffe6"
    # letters and digits of mathematics; wide marks within a number.
    "\U0001d400-\U0001d7ff]|(?<=[0-9\uff10-\uff19])[\uff0c\uff0e\uff1a](?=[0-9\uff10-\uff19]))+"
    # Two raised letters are a word or the end of an ordinal; a single one is an exponent.
    "|[\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u2071\u207f]{2,}"
)
_COUNTED = re.compile("[\u2460-\u2473\u24ea-\u24f4\u24f5-\u24fe\u24ff\u2776-\u2793]")
_NEGATIVE_LETTERS = ((0x1F150, 0x1F169), (0x1F170, 0x1F189))
_OVERSTRUCK = re.compile("(?<=[^\\W\\d_])[\u0332-\u0338\u0489]++|(?<=[A-Za-z])[\u0300-\u036f]{4,}+")
"""Lines through and under letters; and stacks of marks, which are decoration."""
_APOSTROPHE = re.compile(r"(?<![\w`])[A-Za-z]{1,20}(?P<mark>[`\u00b4])(?=(?:s|t|m|d|re|ve|ll)\b(?!`))")
_LINE_END = re.compile(r"(?<=[^\W\d_])[-\u2010][ \t]*+(?:\r\n?|\n)[ \t]*+(?=[^\W_])")
_NEXT_WORD = re.compile(r"\w+")
_GOES_ON = {"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e"}
"""After these, a hyphen stands for the other half of a word, as in "pre- and post-war"."""
_KEEP_HYPHENS = frozenset(
    """
    above all anti back best big bitter black blue brand bright brother by clear close co cold cool counter
    cross dark daughter dead deep double down east easy eight eighty ever ex eye far fast father fifty first
    five fore forty four free fresh front full good gray great green grey half hand hard head heart high
    home hot how ill in kind large last late left life light little long loud low man many merry mid middle
    mother much near never new nine ninety non north off old on one open out over own past post pre quick
    ready red right round second self semi seven seventy sharp short single sister six sixty slow small so
    soft son south step still strong sweet tea ten thick thin third thirty three to top twelve twenty two
    ultra under up upper vice warm water weather well west white whole wide wild wind wine world would year
    yellow young
    """.split()  # noqa: SIM905
)
"""First words of compounds; they keep their hyphen at a line's end, as in "well-known"."""
_LONGEST_WORD = 40


def whole_characters(text: str) -> str:
    """Return ``text`` with surrogate pairs joined; a lone half becomes a space."""
    if text.isascii():
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _HALF.sub(" ", joined)


def plain_characters(draft: Draft, *, fold: bool) -> Draft:
    """Return the draft without control and invisible characters, composed (NFC).

    Terminal escape sequences are removed, U+0080 to U+009F become the characters of Windows-1252, every other
    control becomes a space; tabs and line ends stay. With ``fold``, ligatures and styled letters become plain
    letters, and a word hyphenated at a line's end is joined. Superscripts and subscripts stay, and so do
    vulgar fractions and Roman numerals, for the rules.
    """
    draft = draft.sub(_CONTROLS, _mended)
    if not draft.text.isascii():
        draft = draft.sub(INVISIBLE, lambda _: "").sub(JOINERS, lambda _: "")
        if fold:
            draft = draft.sub(_OVERSTRUCK, lambda _: "")
        if not unicodedata.is_normalized("NFC", draft.text):
            draft = draft.sub(_clusters(), _composed)
        if fold:
            draft = draft.sub(_STYLED, _unstyled)
    if not fold:
        return draft
    if "`" in draft.text or "\u00b4" in draft.text:
        draft = draft.edited(
            Edit(*match.span("mark"), "\N{RIGHT SINGLE QUOTATION MARK}")
            for match in _APOSTROPHE.finditer(draft.text)
        )
    return draft.sub(_LINE_END, _at_line_end)


def _mended(match: Match) -> str:
    if match["sequence"]:
        return ""
    if match["windows"]:
        return match["windows"].encode("latin-1").decode("cp1252", "replace").replace("\ufffd", " ")
    return " "


@cache
def _clusters() -> re.Pattern[str]:
    """Match the sequences that may be composed: characters with their marks, and Hangul as single letters."""
    marks = "".join(
        chr(code)
        for code in (*range(0x300, 0x1E950), *range(0xE0100, 0xE01F0))
        if unicodedata.category(chr(code))[0] == "M"
    )
    singles = "".join(
        chr(code)
        for code in (*range(0x340, 0x3000), *range(0xF900, 0xFB50), *range(0x2F800, 0x2FA1E))
        if not unicodedata.is_normalized("NFC", chr(code))
    )
    return re.compile(f"[\\s\\S][{re.escape(marks)}\u1160-\u11ff]++|[{re.escape(singles)}]")


def _composed(match: Match) -> str | None:
    text = unicodedata.normalize("NFC", match.group())
    return text if text != match.group() else None


def _unstyled(match: Match) -> str | None:
    """Return the plain letters of a run; a circled number is separated from its neighbours."""
    plain = "".join(
        f" {_plain(character)} " if _COUNTED.match(character) else _plain(character)
        for character in match.group()
    )
    if not match.string[match.start() - 1 : match.start()].isalnum():
        plain = plain.lstrip(" ")
    if not match.string[match.end() : match.end() + 1].isalnum():
        plain = plain.rstrip(" ")
    return plain if plain != match.group() else None


@cache
def _plain(character: str) -> str:
    if _COUNTED.match(character):
        return str(int(unicodedata.numeric(character)))
    for first, last in _NEGATIVE_LETTERS:
        if first <= ord(character) <= last:
            return chr(ord("A") + ord(character) - first)
    kind, *codes = unicodedata.decomposition(character).split() or [""]
    is_raised = kind in _RAISED and character.isalpha()
    if kind not in _PLAIN | _SHAPES and not is_raised:
        return character
    made = "".join(_plain(chr(int(code, 16))) for code in codes)
    return unicodedata.normalize("NFC", made).replace("\u2215", "/")


def _at_line_end(match: Match) -> str | None:
    """Join a hyphenated word; a compound keeps its hyphen."""
    text, start = match.string, match.start()
    first = start
    while first > 0 and start - first < _LONGEST_WORD and text[first - 1].isalpha():
        first -= 1
    word = text[first:start]
    following = found.group() if (found := _NEXT_WORD.match(text, match.end())) else ""
    if following in _GOES_ON:
        return None
    is_compound = (
        not following[:1].islower()
        or len(word) == 1
        or word.lower() in _KEEP_HYPHENS
        or text[first - 1 : first] == "-"
    )
    return "-" if is_compound else ""
