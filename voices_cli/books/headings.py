"""Recognises headings: a label ("CHAPTER IV", "2", "Book the First") and the title after it."""

import re
from dataclasses import dataclass

LONGEST_HEADING = 120
"""Characters: a longer line is prose."""

_KINDS = (
    "chapter|chap|part|book|volume|vol|letter|canto|act|scene|section|stave|"
    "kapitel|teil|buch|abschnitt|chapitre|partie|livre|tome|cap[ií]tulo|parte|libro|capitolo|hoofdstuk|deel"
)
_ONES = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    "seventeen|eighteen|nineteen"
)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|"
    "fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|last"
)
_FOREIGN = (
    "eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|premier|première|deux|trois|quatre|cinq|"
    "six|sept|huit|neuf|dix|uno|dos|tres|cuatro|cinco|primero|primera|primo|prima|due|tre|quattro|cinque"
)
_GERMAN_ORDINALS = "erst|zweit|dritt|viert|fünft|sechst|siebt|siebent|acht|neunt|zehnt|elft|zwölft|letzt"
_ROMAN = (
    r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
    r"|(?=[mdclxvi])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
)
_WORD = rf"(?:{_TENS})(?:[- ](?:{_ONES}|{_ORDINALS}))?|{_ONES}|(?:the[ ])?(?:{_ORDINALS})|{_FOREIGN}"
_LABEL = re.compile(
    rf"(?P<kind>(?i:{_KINDS}))\.?\s+(?:no\.?\s+)?(?P<number>\d{{1,4}}|{_ROMAN}|(?i:{_WORD}))(?![\w'’]|\.\d)"
    rf"|(?i:(?:the\s+)?(?:{_ORDINALS})\s+(?:chapter|part|book|volume|letter|canto|act))(?!\w)"
    rf"|(?i:(?:{_GERMAN_ORDINALS})e[rs]?\s+(?:kapitel|teil|buch|abschnitt))(?!\w)"
)
_NAMED = re.compile(
    r"(?:the\s+)?(?:prologue|epilogue|preface|foreword|introduction|introductory(?:\s+note)?|afterword|"
    r"dedication|conclusion|postscript|appendix(?:\s+\w{1,4})?|interlude|acknowledge?ments|author['’]s note|"
    r"prolog|epilog|vorwort|nachwort|einleitung|préface|épilogue|avant-propos|prólogo|epílogo|prologo|epilogo)",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(rf"[(\[]?(?:(?P<digits>\d{{1,3}})|(?P<roman>{_ROMAN}))[)\].:]?")
_NUMBER_FIRST = re.compile(rf"(?P<number>\d{{1,3}}|(?P<roman>{_ROMAN}))\s*[.:)—–-]\s+(?P<title>\S.*)")
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
_DECORATION = f"*=~#_·•—–-{_BLANKS}"
_SEPARATOR = re.compile(r"\s*+[.:,;—–-]*+\s*+")
_CONTENTS = re.compile(
    r"(?:table of\s+)?contents|list of (?:illustrations|plates|chapters)|illustrations|"
    r"inhalt(?:sverzeichnis)?|table des mati[èe]res|sommaire|[ií]ndice|indice",
    re.IGNORECASE,
)
_HOLDER = re.compile(
    r"(?<!\w)(?:part|book|volume|vol|act|teil|buch|partie|livre|tome|parte|libro|deel)", re.IGNORECASE
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@dataclass(frozen=True)
class Label:
    """A heading's label, and the title after it on the same line."""

    text: str
    title: str

    @property
    def holds_chapters(self) -> bool:
        """Whether the label is of a part, book or volume, which may have chapters."""
        return _HOLDER.search(self.text) is not None


def find_label(line: str) -> Label | None:
    """Return a line's label and title, as in ``CHAPTER I. The Gate``; None if the line is prose."""
    line = undecorated(line)
    if len(line) > LONGEST_HEADING or not (match := _LABEL.match(line)):
        return None
    rest = line[match.end() :]
    separator = _SEPARATOR.match(rest)
    title = rest[separator.end() :] if separator else rest
    # "Part two of the plan", "Chapter one was long": a sentence continues in lower case.
    is_sentence = title[:1].islower() or (rest[:1] == "," and not line.isupper())
    if is_sentence and not _LABEL.match(title):
        return None
    return Label(match.group(), title)


def is_label(text: str) -> bool:
    """Whether the text is a label without a title: ``Chapter 1``, ``IV.``, ``2``."""
    found = find_label(text)
    return lone_number(text) is not None or (found is not None and not found.title)


def is_named_part(text: str) -> bool:
    """Whether the text is the usual name of a first or last part, such as ``Prologue``."""
    return _NAMED.fullmatch(undecorated(text).rstrip(".:")) is not None


def is_contents_heading(text: str) -> bool:
    """Whether the text is the heading of a list of contents."""
    return _CONTENTS.fullmatch(undecorated(text).rstrip(".:")) is not None


def lone_number(text: str) -> int | None:
    """Return the value of ``7``, ``07``, ``VII.`` or ``- VII -``; None for anything else."""
    match = _LONE_NUMBER.fullmatch(undecorated(text))
    if match is None or (match["roman"] and not match["roman"].isupper()):
        return None
    return int(match["digits"]) if match["digits"] else roman_value(match["roman"])


def numbered_title(text: str) -> tuple[int, str] | None:
    """Return number and title of ``XLII. The End`` or ``7: Rain``; None for anything else."""
    match = _NUMBER_FIRST.fullmatch(text)
    if match is None or len(text) > LONGEST_HEADING:
        return None
    if match["roman"] is None:
        return int(match["number"]), match["title"]
    return (roman_value(match["roman"]), match["title"]) if match["roman"].isupper() else None


def roman_value(numeral: str) -> int:
    """Return the value of a canonical Roman numeral."""
    values = [_VALUES[letter] for letter in numeral.upper()]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))


def spoken_heading(text: str) -> str:
    """Return a chapter's title with its number in digits, which can be read in every language.

    ``XLII. The End`` becomes ``42. The End``, ``CHAPTER IV`` ``CHAPTER 4``, ``01`` ``1``.
    """
    if (number := lone_number(text)) is not None:
        return str(number)
    if found := numbered_title(text):
        return f"{found[0]}. {found[1]}"
    label = find_label(text)
    if label is None or not (match := _LABEL.match(label.text)):
        return text
    numeral = match["number"] or ""
    if not numeral.isdigit() and not re.fullmatch(_ROMAN, numeral):
        return text
    value = int(numeral) if numeral.isdigit() else roman_value(numeral)
    place = f"{label.text[: match.start('number')]}{value}"
    return join_heading(place, spoken_heading(label.title)) if label.title else place


def join_heading(label: str, title: str) -> str:
    """Join a label such as ``1`` and a title such as ``The Gate``, with a full stop as a pause."""
    ends = label.rstrip()
    return f"{ends} {title}" if ends[-1:] in ".:!?—–" else f"{ends}. {title}"


def undecorated(line: str) -> str:
    """Return a line without the decoration around it, as in ``* * * 1 * * *``."""
    return line.strip(_DECORATION)


def folded(text: str) -> str:
    """Return a title's letters and digits in lower case, for comparison."""
    return "".join(filter(str.isalnum, text.casefold()))
