"""Codes: figures that are a name and not a count, alone or with a letter."""

import re

from worker.text.english.words import DASH, before, cardinal, counts_things, number, spelt, year
from worker.text.reading import Match, Rule

_PLACES = (
    "aisle|apartment|apt|bay|bed|berth|bldg|block|box|building|bus|cabin|car|carriage|class|classroom|coach|court|"
    "desk|dock|door|exhibit|exit|figure|fig|flat|flight|floor|form|gate|grade|hall|highway|house|lab|lane|level|"
    "line|locker|lot|number|part|phase|pier|platform|plot|question|room|rm|route|row|seat|section|slot|spot|stall|"
    "stand|ste|suite|table|terminal|track|train|tram|type|unit|ward|warehouse|wing|zone"
)
_PLACE = re.compile(rf"\b(?i:{_PLACES})s?\.?(?:\s(?:number|no\.))?[\s#:]{{1,3}}\Z")
_LETTERED = r"\d{1,5}[A-Za-f]\b"
_FIGURES = re.compile(r"\d+")

_SECRETS = (
    "area code|code|cv[cv]|extension|ext|flight|otp|passcode|password|pin|port|post(?:al )?code|room|zip"
)
_NAMED = (
    "account|badge|booking|box|card|case|combination|confirmation|fax|id|invoice|licen[cs]e|locker|login|mobile|"
    "number|order|phone|policy|ref|reference|reservation|serial|tel|ticket|tracking|voucher"
)
_LED = re.compile(
    rf"(?:(?<![Ii]n )\b(?i:(?P<secret>{_SECRETS})|{_NAMED})(?:['’]?s(?=\s))?\.?"
    r"(?i:\s(?:code|id|no\.|number|pin))?"
    r"(?P<verb>(?i:,?\s(?:is|was|are|will be|ending(?: in)?|ends(?: in)?)(?:\snow|\sstill)?))?"
    r"[\s:#=*\"“'(-]{1,4}"
    r"|\b(?:ends|ending)\sin\s|(?<![\w&])(?:#|№|[Nn]o\.)\s?)"
    r"(?:\d{4,8}(?:,|,?\sand|,?\sor)\s){0,6}(?P<prefix>[A-Z]{1,4}[ -]?)?\Z"
)
"""Text that introduces a code."""
_FOLLOWED = re.compile(
    r"\s(?:is|was|as)\s(?:your|my|the|our|his|her|their|a)\s(?:[\w-]{1,20}\s){0,4}?"
    r"(?i:code|pin|otp|passcode|password|id"
    r"|(?:account|confirmation|flight|order|phone|room|tracking) number)\b"
)
_TYPED = re.compile(r"\b(?:[Ee]nter|[Tt]ype(?: in)?|[Kk]ey in|[Pp]unch in)\s\Z")
_SHORT_ONES = re.compile(r"(?i)area|cv|ext|flight")
"""Kinds of codes that may have three figures; the others have at least four, as "room 404" is a number."""
_SHORTEST = 4
_SHORTEST_IN_GROUPS = 5
_LONGEST_COUNTED = 2
"""Digits among letters that are read as a number, as in C6H12O6."""
_GROUP = re.compile(r"\d+|[A-Z]+")
_SEVERAL_PLACES = re.compile(
    r"\b(?i:rooms|flights|boxes|lockers|ports|numbers|orders|tickets|extensions)\s\Z"
)


def spelt_groups(written: str) -> str:
    """Return "12-34" digit by digit, with a pause between the groups."""
    return ", ".join(spelt(group) for group in _FIGURES.findall(written))


def _lettered(match: Match) -> str | None:
    if not _PLACE.search(before(match)):
        return None
    apart = re.sub(DASH, " to ", match.group())
    return _FIGURES.sub(lambda figures: f"{number(figures[0])} ", apart)


def _code(match: Match) -> str | None:
    is_code = (
        _FOLLOWED.match(match.string, match.end())
        or (_TYPED.search(before(match)) and not counts_things(match))
        or _is_led(match)
    )
    if not is_code:
        return None
    first, _, last = match.group().partition("-")
    if _SEVERAL_PLACES.search(before(match)) and last.isdecimal() and int(first) < int(last):
        return f"{spelt(first)} to {spelt(last)}"
    return spelt_groups(match.group())


def _is_led(match: Match) -> bool:
    if not (lead := _LED.search(before(match))):
        return False
    figures = match.group()
    if counts_things(match) and (lead["verb"] or not lead["secret"]):
        return False  # "The flight was 2490 miles", "order 5000 bottles"; but "room 1204 needs towels".
    if figures.endswith("00") and not lead["secret"]:
        return False  # "The number is 1500" is a count.
    shortest = _SHORTEST if figures.isdecimal() else _SHORTEST_IN_GROUPS
    is_long = sum(map(str.isdecimal, figures)) >= shortest
    is_glued = bool(lead["prefix"]) and lead["prefix"][-1].isalpha()
    return (
        is_long or is_glued or bool(lead["secret"] and (lead["prefix"] or _SHORT_ONES.match(lead["secret"])))
    )


def _mixed(match: Match) -> str | None:
    groups = _GROUP.findall(match.group())
    if len(groups) < 3:  # noqa: PLR2004  # GPT4 and 5G are names
        return None
    return " ".join(
        group if group.isalpha() else number(group) if len(group) <= _LONGEST_COUNTED else spelt(group)
        for group in groups
    )


def _fiscal_years(match: Match) -> str:
    years = [each for each in (match["first"], match["second"]) if each]
    spoken = [cardinal(int(each)) if len(each) == 2 else year(int(each)) for each in years]  # noqa: PLR2004  # FY24
    return f"{match['kind']} {' to '.join(spoken)}"


def _airliner(match: Match) -> str:
    variant = match["variant"]
    return year(int(match["type"])) + (f" {cardinal(int(variant))}" if variant else "")


def _picture(match: Match) -> str:
    rate = f" {number(match['rate'])}" if match["rate"] else ""
    return f"{year(int(match['lines']))} {match['kind'].upper()}{rate}"


CODES = (
    Rule(
        "place with a letter",
        re.compile(
            rf"(?<![\w.,$€£-]){_LETTERED}(?:(?:,?\s(?:and|or|to)\s|,\s|{DASH}|/){_LETTERED}){{0,8}}(?![\w-])"
        ),
        _lettered,
    ),
    Rule(
        "code",
        re.compile(
            r"(?<![\d.,$€£¥/a-z])(?<!\d[ -])"
            r"(?:\d{3,4}(?: \d{3,4}){1,4}|\d{1,9}(?:-\d{1,9}){1,4}|\d{3,9}|\d{12,20})"
            r"(?![\w%°+]|[.,:/]\d|-\w|\s\d{3}|\s?[$€£¥])"
        ),
        _code,
    ),
    Rule(
        "card's number",
        re.compile(r"(?<![\w.,-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\w-]|[.,]\d)"),
        lambda match: spelt_groups(match.group()),
    ),
    Rule(
        "ZIP code",
        re.compile(r"(?:(?<=, [A-Z]{2} )\d{5}(?:-\d{4})?|(?<![\w.,$€£-])\d{5}-\d{4})(?![\w-]|[.,]\d)"),
        lambda match: spelt_groups(match.group()),
    ),
    Rule(
        "fiscal year",
        re.compile(
            rf"\b(?P<kind>FY|CY|AY|SY)\s?['’]?(?P<first>[12]\d{{3}}|\d\d)"
            rf"(?:(?:{DASH}|/)(?P<second>[12]\d{{3}}|\d\d))?(?!\w)"
        ),
        _fiscal_years,
    ),
    Rule(
        "quarter of a year",
        re.compile(r"(?<!\w)(?P<part>[1-4])(?P<kind>[QH])(?P<year>20\d\d)(?!\w)"),
        lambda match: f"{number(match['part'])} {match['kind']} {year(int(match['year']))}",
    ),
    Rule(
        "airliner",
        re.compile(r"(?<=Boeing )(?P<type>7[0-8]7)(?:-(?P<variant>\d{1,3}))?(?![\w-]|[.,]\d)"),
        _airliner,
    ),
    Rule(
        "phone's model",
        re.compile(r"(?<=iPhone )(?P<number>\d{1,2})(?P<letter>[cesCES])(?!\w)"),
        lambda match: f"{number(match['number'])} {match['letter'].upper()}",
    ),
    Rule(
        "lines of a picture",
        re.compile(
            r"(?<![\w.,])(?P<lines>240|360|480|540|576|720|1080|1440|2160|4320)(?P<kind>[pi])(?P<rate>\d\d)?(?!\w)"
        ),
        _picture,
    ),
    Rule(
        "hexadecimal",
        re.compile(r"(?<!\w)0x(?P<figures>[\dA-Fa-f]{1,32})(?!\w)"),
        lambda m: " ".join(("zero x", *(spelt(each) or each.upper() for each in m["figures"]))),
    ),
    Rule(
        "address of a device",
        re.compile(r"(?<![\w:-])[\dA-Fa-f]{2}(?:(?::[\dA-Fa-f]{2}){5}|(?:-[\dA-Fa-f]{2}){5})(?![\w:-])"),
        lambda match: ", ".join(
            " ".join(spelt(each) or each.upper() for each in pair) for pair in re.split("[:-]", match.group())
        ),
    ),
    Rule(
        "pension plan",
        re.compile(r"(?<![\w.,$])40(?P<section>[13])(?:\((?P<letter>[kKbB])\)|(?P<bare>[kKbB]))(?!\w)"),
        lambda match: f"four oh {number(match['section'])} {(match['letter'] or match['bare']).upper()}",
    ),
    Rule("letters and figures", re.compile(r"(?<![\w.,$€£/-])[A-Z\d]{6,40}(?![\w/-]|[.,]\d)"), _mixed),
)
"""They go before dates and measures: a code may look like a year, and the letter of a seat like a unit."""
