"""Roman numerals after a name: a ruler's (Henry the eighth), an heir's (John Smith the third), a sequel's."""

import re

from worker.text.english.numerals import CANONICAL, NUMERAL, WRITTEN, value_of
from worker.text.english.romans import BEGIN_OF_A_CLAUSE, COUNTED_BY_NUMERALS, NO_CLAUSE
from worker.text.english.words import before, cardinal, ordinal
from worker.text.reading import Match, Rule

_RULERS = frozenset(
    """
    henry edward elizabeth charles george louis william james richard philip frederick catherine
    napoleon francis mary john stephen edmund robert david matilda anne harold kenneth donald henri
    philippe françois lothair pepin clovis dagobert otto conrad rudolf rudolph maximilian leopold
    joseph ferdinand sigismund albert wilhelm friedrich ludwig franz alfonso alphonso alfonse felipe
    carlos juan sancho pedro joão manuel isabella isabel joanna victor emmanuel umberto humbert
    gustav gustaf gustavus adolf carl karl oscar christian haakon harald olav margrethe eric erik
    valdemar canute magnus baudouin beatrix casimir boleslaw władysław wenceslaus ladislaus
    vladislaus béla matthias nicholas nikolai alexander peter paul ivan feodor vasily boris simeon
    stefan milan carol mircea vlad zog basil alexios alexius constantine theodosius theodore michael
    andronikos justinian leo heraclius pius benedict gregory clement innocent urban boniface
    celestine sixtus julius adrian hadrian honorius eugene callixtus sylvester martin marcellus
    damasus anastasius agapetus pelagius felix lucius thutmose ramesses ramses rameses amenhotep
    amenemhat mentuhotep seti psamtik sety nectanebo ptolemy cleopatra darius xerxes artaxerxes
    cyrus cambyses antiochus seleucus demetrius attalus mithridates tigranes shapur ardashir khosrow
    yazdegerd sargon shalmaneser pileser ashurnasirpal nebuchadnezzar mehmed murad selim suleiman
    bayezid ahmed mustafa osman mahmud hamid abbas ismail rama norodom hussein abdullah mohammed
    muhammad hassan faisal fuad farouk menelik selassie tewodros kamehameha moctezuma montezuma
    sobhuza mswati moshoeshoe letsie akbar alam jayavarman suryavarman chandragupta pulakeshin
    rajaraja rajendra
    """.split()  # noqa: SIM905
)
_GIVEN_NAMES = _RULERS | frozenset(
    """
    thomas daniel walter samuel benjamin andrew anthony arthur frank fred harry howard jack jim joe
    johnny ken larry lawrence mark marcus matthew patrick ralph ray raymond roger ronald roy russell
    sam scott steven ted thurston tim timothy tom tony tyler warren wayne will willie bill billy bob
    bobby bradley brian bruce calvin chris christopher clarence cornelius curtis dale dan darrell
    dean dennis don douglas earl eddie edgar edwin elliott ernest eugene floyd gary gerald gilbert
    glenn gordon greg harrison harvey herbert herman hugh isaac jason jay jeff jeffrey jeremy jerry
    jesse jonathan jordan josh joshua justin keith kevin kyle lee leon leonard lewis lloyd logan
    luke maurice melvin mike nathan nathaniel neil nelson norman oliver percy perry ross sidney
    stanley theodore vernon vincent wallace wesley winston
    """.split()  # noqa: SIM905
)
_NUMBERED_FIVE_AND_TEN = frozenset(
    """
    fantasy civilization gta auto rocky saw halloween apollo gemini soyuz saturn vatican fighter
    quest os
    """.split()  # noqa: SIM905
)
"""Last words of names numbered up to V and X; after others these are letters: Malcolm X, Generation X."""
_NO_NAMES = frozenset(
    """
    a an the his her their its your my our no this that give start stop via by with for on and or if
    i
    """.split()  # noqa: SIM905
)
_HIGHEST_RULER = 39

_REIGN = re.compile(
    r"\s*(?:\Z|[.,:;!?)\](\"”*_])|['’]s\b|\s?[-\N{EN DASH}\N{EM DASH}]"
    r"|\s(?:of|in|at|by|from|to|on|with|who|whose|as|or|and|than|until|is|has|does|reign(?:s|ed)|ruled|ascended|abdicated|succeeded|died)\b"
)
"""Text that follows a ruler's I and never the pronoun."""
_DEED = re.compile(
    r"\s(?:was|had|became|made|gave|began|married|founded|issued|signed|granted|built|declared|did|would|could)\b"
)
"""Text that may follow either."""
_RANK = re.compile(r"\b(?:King|Queen|Emperor|Empress|Pope|Tsar|Czar|Kaiser|Sultan|Pharaoh|Shah)\s\Z")
_LONGEST_RANK = 12
_NAME_BEFORE = re.compile(r"\b([A-Z][^\W\d_]+)\s\Z")
_ENDING = "(?:st|nd|rd|th)"
_OF_A_LAND = re.compile(r"\sof\s[A-Z]")
_INFUSED = re.compile(
    r"(?:['’]s)?\s(?:drips?|lines?|fluids?|bags?|therapy|antibiotics?|needles?|poles?|push|access|infusions?|"
    r"medications?|treatments?|catheters?|ports?|sites?|doses?|tubes?|tubing|solution)\b",
    re.IGNORECASE,
)
_NO_INITIAL = r"(?!(?<=\s[VX])\.\s?[A-Z])"
"""As in "George V. Smith", and for a ruler also in "George V Smith"."""


def _ruler(match: Match) -> str | None:
    name, value = match["name"].lower(), value_of(match["numeral"])
    text, start, end = match.string, match.start(), match.end()
    if value is None or value > _HIGHEST_RULER:
        return None
    has_rank = _RANK.search(text, max(start - _LONGEST_RANK, 0), start) is not None
    is_of_a_land = value > 1 and _OF_A_LAND.match(text, end) and not _is_counted(name)
    if not (name in _RULERS or has_rank or is_of_a_land):
        return None
    if value == 1 and not _REIGN.match(text, end):
        is_subject = has_rank or BEGIN_OF_A_CLAUSE.search(text, 0, start)
        if not (is_subject and _DEED.match(text, end)):
            return None
    return f"{match['name']} the {ordinal(value)}"


def _with_ending(match: Match) -> str | None:
    """Read XIXth, and insert "the" after a ruler's name."""
    value = value_of(match["numeral"])
    name = found[1].lower() if (found := _NAME_BEFORE.search(before(match))) else ""
    return None if value is None else f"{'the ' if name in _RULERS else ''}{ordinal(value)}"


def _behind_the(match: Match) -> str | None:
    value = value_of(match["numeral"])
    if value is None or not 1 < value <= _HIGHEST_RULER or match["name"].lower() not in _RULERS:
        return None
    return f"{match['name']} {match['the']} {ordinal(value)}"


def _is_counted(name: str) -> bool:
    return bool({name, name.removesuffix("s")} & COUNTED_BY_NUMERALS)


def _heir(match: Match) -> str | None:
    value = value_of(match["numeral"])
    if match["given"].lower() not in _GIVEN_NAMES or value is None:
        return None
    surname = match["surname"].replace(".", "")  # as after all initials
    return f"{match['given']}{surname}{match['comma']} the {ordinal(value)}"


def _sequel(match: Match) -> str | None:
    name, numeral = match["name"].lower(), match["numeral"]
    if name in _NO_NAMES or (value := value_of(numeral)) is None:
        return None
    if numeral == "IV" and _INFUSED.match(match.string, match.end()):
        return None
    if len(numeral) == 1 and numeral.isascii() and name not in _NUMBERED_FIVE_AND_TEN:
        return None
    if value == 1 and not NO_CLAUSE.match(match.string, match.end()):
        return None
    return f"{match['name']} {cardinal(value)}"


RULERS = (
    Rule(
        "numeral with an ending",
        re.compile(rf"(?<![\w.-])(?P<numeral>(?=[IVX]{{2}}|[VX]th){CANONICAL}){_ENDING}(?!\w)"),
        _with_ending,
        replaces=rf"[IVXLC]+{_ENDING}",
    ),
    Rule(
        "ruler behind the",
        re.compile(
            rf"\b(?P<name>[A-Z][^\W\d_]+)\s(?P<the>[Tt]he)\s(?P<numeral>(?=[IVX\u2160-\u217f]){NUMERAL})"
        ),
        _behind_the,
        replaces=WRITTEN,
    ),
    Rule(
        "heir",
        re.compile(
            r"\b(?P<given>[A-Z][a-z]+)(?P<surname>(?:\s[A-Z]\.|\s[A-Z][a-z]+){0,2}\s[A-Z][\w’'-]+)(?P<comma>,?)\s"
            r"(?P<numeral>I{2,3}|IV)(?!\w|\.\w)"
        ),
        _heir,
        replaces=WRITTEN,
    ),
    Rule(
        "ruler",
        re.compile(
            rf"\b(?P<name>[^\W\d_]+)\s{{1,2}}(?P<numeral>(?=[IVX\u2160-\u217f]){NUMERAL}){_NO_INITIAL}"
            r"(?!(?<=\s[VX])\s[A-Z][a-z])"
        ),
        _ruler,
        replaces=WRITTEN,
    ),
    Rule(
        "sequel",
        re.compile(
            rf"\b(?P<name>[A-Z][\w’']{{0,30}})\s(?P<numeral>(?=[IVX\u2160-\u217f])(?!XX\b|XL){NUMERAL}){_NO_INITIAL}"
        ),
        _sequel,
        replaces=WRITTEN,
    ),
)
