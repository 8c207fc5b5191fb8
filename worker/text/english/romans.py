"""Roman numerals that count: chapters, wars, kinds, pages, years.

The numeral I is written like the pronoun, so it is read as a numeral only in clear context.
"""

import re

from worker.text.english.abbreviation_words import COUNTED
from worker.text.english.numerals import ITEM, JOINT, NUMERAL, SIGNS, SMALL, WRITTEN, read_list, value_of
from worker.text.english.words import cardinal, ordinal, year
from worker.text.reading import Match, Rule

_DIVISIONS = frozenset(
    """
    chapter part book volume act scene section article appendix episode season figure table title
    canto sonnet psalm stanza lesson annex bowl wrestlemania olympiad symphony sonata
    """.split()  # noqa: SIM905
)
"""Things that are counted high: X is the tenth of them."""
_KINDS = frozenset(
    """
    type class level stage phase grade group category war schedule factor complex mark tier zone
    letter exhibit protocol amendment
    """.split()  # noqa: SIM905
)
"""Things with few kinds, which are as often named by letters: a type X is not a tenth type."""
COUNTED_BY_NUMERALS = _DIVISIONS | _KINDS
_WITHOUT_CLAUSE = frozenset("chapter act scene canto appendix volume stanza psalm sonnet".split())  # noqa: SIM905
"""No clause begins directly after these, unlike in "the book I have"."""
_PAST_FIFTY = frozenset({"chapter", "canto", "psalm", "sonnet", "bowl"})
_ABBREVIATIONS = COUNTED | {"sc": "scene", "no": "number", "nos": "numbers"}

_SINGLE_LETTERS = frozenset("CDLM")
_WORDS = frozenset("MIX CD MD DC MC CV MM DI MI CC DM CI DVI CLI DIV LIV".split())  # noqa: SIM905
"""Words with the form of a numeral that are rarely meant as one."""
_PRONOUN = re.compile(
    r"['’](?:m|ve|ll|d)\b|\s(?:am|have|do|think|know|want|need|like|love|see|feel|believe|mean|say|hope|wish|guess|"
    r"don['’]t|haven['’]t|use|used|keep|play|get|go|make|take|read|live|work|find|cannot|wanted|thought)\b",
    re.IGNORECASE,
)
"""Text after the pronoun and never after a numeral, which would have "is" and "has"."""
_CLAUSE = re.compile(
    r"\s(?:took|saw|knew|wrote|liked|loved|got|said|told|found|gave|went|heard|met|bought|needed|remember|had|was|"
    r"did|will|would|could|can|should|must|might|may|shall|learned|learnt|felt|made|hated|joined|failed|passed|"
    r"missed|lost|chose|picked|studied|played|enjoyed|taught|attended|mentioned|described|expected|never|always|"
    r"just|really)\b",
    re.IGNORECASE,
)
"""Text after either; after a word that begins a sentence, more likely the pronoun."""
NO_CLAUSE = re.compile(
    r"\s*(?:\Z|[.:;!?)\]\"”*_])|['’]s\b|\s?[-\N{EN DASH}\N{EM DASH}]"
    r"|\s(?:of|the|scene|act|part|is|has|in which|we|you|he|she|it|they|this|that|these|"
    r"there|to|from|who|than)\b"
    r"|\s(?:errors?|diabetes|collagen|interferons?|trials?|study|studies|clinical|trauma|cancer|tumou?rs?|"
    r"felony|felonies|recall|hypersensitivity|disorder|survey|funding|diseases?|patients|melanoma|elements?|metals?)\b",
    re.IGNORECASE,
)
"""Text that never follows the pronoun."""
BEGIN_OF_A_CLAUSE = re.compile(
    r"(?:\A|[“\"\N{LEFT SINGLE QUOTATION MARK}(\N{EM DASH}:;]\s?"
    r"|\b(?:[Ww]hen|[Ww]hile|that|because|until|before|after)\s)\Z"
)


def _numbered(match: Match) -> str | None:
    name = match["word"].lower()
    if name not in COUNTED_BY_NUMERALS:
        name = name.removesuffix("s")
    if name not in COUNTED_BY_NUMERALS or (read := read_list(match)) is None:
        return None
    spoken, rest = read
    written = match["numerals"].removesuffix(rest) if rest else match["numerals"]
    return f"{match['word']} {spoken}{rest}" if _is_counted(match, name, written) else None


def _is_counted(match: Match, name: str, numerals: str) -> bool:
    """Whether the text after a word such as "part" is a numeral, and not a letter, a word or the pronoun."""
    if numerals == "I":
        return _is_first(match, name, match.start("numerals") + 1)
    if numerals in _WORDS:
        return False
    if numerals in _SINGLE_LETTERS:
        return name in _PAST_FIFTY and numerals in {"L", "C"}
    return name in _DIVISIONS or numerals not in {"X", "XL"}


def _is_first(match: Match, name: str, end: int) -> bool:
    """Whether the I after ``name`` is a numeral."""
    text, word = match.string, match["word"]
    if _PRONOUN.match(text, end):
        return False
    if name == "mark" and word == "Mark":  # also a man's name
        return text[: match.start()].endswith(("the ", "The ")) or NO_CLAUSE.match(text, end) is not None
    is_shouted = not any(map(str.islower, text))
    begins = (
        is_shouted
        or word[0].islower()
        or text[end + 1 : end + 2].isupper()  # Every Word of This Has a Capital
        or BEGIN_OF_A_CLAUSE.search(text, 0, match.start()) is not None
    )
    if word[0].isupper() and (name in _WITHOUT_CLAUSE or not is_shouted):
        return not (begins and _CLAUSE.match(text, end))
    return NO_CLAUSE.match(text, end) is not None or (name in _WITHOUT_CLAUSE and text[end : end + 1] == ",")


def _abbreviated(match: Match) -> str | None:
    written, word = match["numerals"], match["word"]
    is_sentence_end = word.lower() in {"no", "nos", "art", "sec", "est", "ext"}
    if written == "I" and (is_sentence_end or _PRONOUN.match(match.string, match.end())):
        return None
    if written in _SINGLE_LETTERS or (read := read_list(match)) is None:
        return None
    name = _ABBREVIATIONS[word.lower()]
    return f"{name.capitalize() if word[0].isupper() else name} {''.join(read)}"


def _world_war(match: Match) -> str:
    return f"World War {'one' if match['numeral'] in {'I', '1'} else 'two'}"


def _small(match: Match) -> str | None:
    word = match["word"].lower().rstrip(".")
    is_page = word in {"page", "pages", "p", "pp", "scene", "scenes", "sc"}
    if match["numerals"] == "l" or (
        match["numerals"] == "i" and (not is_page or _PRONOUN.match(match.string, match.end()))
    ):
        return None
    if (read := read_list(match)) is None:
        return None
    return f"{_ABBREVIATIONS.get(word, match['word'])} {''.join(read)}"


def _cardinal(match: Match) -> str | None:
    value = value_of(match["numeral"])
    return None if value is None or match["numeral"] in _WORDS else cardinal(value)


def _ordinal(match: Match) -> str | None:
    value = value_of(match["numeral"])
    return None if value is None or match["numeral"] in _SINGLE_LETTERS | _WORDS else ordinal(value)


def _row(match: Match) -> str | None:
    read = read_list(match)
    return None if read is None or read[1] else read[0]


def _year(match: Match) -> str | None:
    return None if (value := value_of(match["numeral"])) is None else year(value)


_ROW_ITEM = rf"(?=[IVX]){NUMERAL}"
_SMALL_ITEM = rf"{SMALL}(?!\w)"

NUMBERED_BY_NUMERALS = (
    Rule(
        "world war",
        re.compile(r"\bWW\s?(?P<numeral>I{1,2}|[12])\b(?!['’](?:m|ve|ll|d)\b)"),
        _world_war,
        replaces=r"WWI{0,2}|I{1,2}",
    ),
    Rule(
        "numbered by numerals",
        re.compile(rf"\b(?P<word>[A-Za-z]+)\s{{1,2}}(?P<numerals>{ITEM}(?:{JOINT}{ITEM})*)"),
        _numbered,
        replaces=WRITTEN,
    ),
    Rule(
        "abbreviation and numeral",
        re.compile(
            rf"\b(?P<word>(?i:{'|'.join(_ABBREVIATIONS)}))\.\s?(?P<numerals>{ITEM}(?:{JOINT}{ITEM})*)"
        ),
        _abbreviated,
        replaces=WRITTEN,
    ),
    Rule(
        "small numerals",
        re.compile(
            r"\b(?P<word>(?i:pages?|scenes?|chapters?|acts?|sections?|parts?|books?|volumes?|verses?|"
            rf"(?:{'|'.join(_ABBREVIATIONS)})\.))"
            rf"(?:\s|(?<=\.))(?P<numerals>{_SMALL_ITEM}(?:{JOINT}{_SMALL_ITEM})*)"
        ),
        _small,
        replaces=WRITTEN,
    ),
)
NUMERALS = (
    Rule(
        "numeral that orders",
        re.compile(
            rf"(?<![\w.])(?P<numeral>{NUMERAL})(?=\s(?:(?i:centur(?:y|ies)|dynasty)|Olympi(?:ad|cs?)|Corps|Army|Legion"
            r"|Amendment|Brigade|arrondissement|(?:Winter|Summer)\sOlympics"
            r"|(?:Samuel|Kings|Chronicles|Corinthians|Thessalonians|Timothy|Peter|Maccabees|John)\s\d)\b)"
        ),
        _ordinal,
        replaces=WRITTEN,
    ),
    Rule(
        "numeral of a heading",
        re.compile(
            rf"^\s{{0,3}}(?P<numeral>(?=[IVXLC]{{2}}){NUMERAL}|[VX](?=\.?\s*\Z))"
            r"(?=[.:)]?\s*\Z|[.:)]\s|\s[\N{EN DASH}\N{EM DASH}-]\s|(?<=\w\w\w)\s[A-Z])"
        ),
        _cardinal,
        replaces=WRITTEN,
    ),
    Rule(
        "numeral in brackets",
        re.compile(rf"(?<=\()(?P<numeral>(?=[ivx]{{2}}){SMALL}|i)(?=\))"),
        _cardinal,
        replaces=WRITTEN,
    ),
    Rule(
        "year in numerals",
        re.compile(rf"(?<![\w.])(?P<numeral>(?=M[IVXLCDM]{{3}}){NUMERAL})"),
        _year,
        replaces=WRITTEN,
    ),
    Rule(
        "numerals in a row",
        re.compile(
            rf"(?<![\w.-])(?=[IVX, ]{{0,9}}[IVX]{{2}})(?P<numerals>{_ROW_ITEM}(?:{JOINT}{_ROW_ITEM})+)"
        ),
        _row,
        replaces=WRITTEN,
    ),
    Rule(
        "numeral alone",
        # Three letters at least; two or three X stand for kisses or an omission.
        re.compile(rf"(?<![\w.-])(?P<numeral>(?=[IVX]{{3}})(?!XXX?\b){NUMERAL}|{SIGNS})"),
        _cardinal,
        replaces=WRITTEN,
    ),
)
