"""Quantities: a number and its unit."""

import re

from worker.text.english.fractions import VULGAR, vulgar_fraction, written_fraction
from worker.text.english.units import DIVISORS, LENGTHS, PERIODS, POWERS_OF_LENGTHS, UNITS
from worker.text.english.words import AMOUNT, DASH, MINUS, alternatives, before, counted, number
from worker.text.reading import Match, Rule

_PER = rf"(?:\s?/\s?(?P<hundred>100\s?)?(?P<per>{alternatives(DIVISORS)}))?"
_UNIT = rf"(?P<unit>{alternatives(UNITS)}){_PER}(?![\w²³]|-\w)(?:\.(?=\s[a-z]))?"
_WORDLIKE = alternatives([each for each in UNITS if len(each) > 1 and each[0].isalpha()])
_RAISED = alternatives([each for each in POWERS_OF_LENGTHS if each[-1] in "²³"])
_AFTER_UNIT = re.compile(rf"\d\s?(?:{alternatives(UNITS)}|(?<=\d\d)[CF]|[\"″'’′])\Z")
_AFTER_DOSE = re.compile(r"(?:mg|mcg|[µμ]g|g|mmol|mEq)\Z")
_VOLUME = re.compile(r"\d+(?:\.\d+)?\s?(?:m[lL]|d[lL]|[lL])\b")
_AFTER_POWER = re.compile(r"(?:\^[-−]?\d{1,3}|\d[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})\Z")
_SIDES = {"N": "north", "S": "south", "E": "east", "W": "west"}
_SMALLEST_CHOICE = 10
_OPENING_QUOTE = re.compile(r'(?<!\d)"')
_BEFORE_HEAT = re.compile(
    r"(?i)\b(?:bak(?:e|ed|ing)|fever|grill|heat|heated|high|highs|low|lows|oven|preheat(?:ed)?|roast|set|temp|temperatures?|"
    r"thermostat|weather)\b\D{0,25}(?:-?\d{1,3}\s?[CF]?(?:\s?[/-]\s?|,?\s(?:and|or|to)\s|,\s))?\Z"
)
_AFTER_HEAT = re.compile(
    r"(?i)\s(?:oven|outside|outdoors|weather|temperature|fever|heat|today|tonight|tomorrow)\b|\s?/\s?\d{2,3}\s?[CF]\b"
)
_AFTER_OTHER_HEAT = re.compile(r"\d{2,3}\s?[CF]\s?/\s?\Z")
_SIGNED = rf"(?<!\^)(?<!\^[-−])(?P<minus>(?<![\w.)]){MINUS})?(?P<amount>{AMOUNT})"


def _unit(match: Match, *, is_one: bool) -> str:
    """Return the unit in the singular or the plural, with its divisor: "kilograms per cubic meter"."""
    unit = UNITS[match["unit"]][0 if is_one else 1]
    if not match["per"]:
        return unit
    divisor = DIVISORS[match["per"]]
    return f"{unit} per one hundred {divisor}s" if match["hundred"] else f"{unit} per {divisor}"


def _measured(match: Match) -> str:
    sign = "minus " if match["minus"] else ""
    return f"{sign}{number(match['amount'])} {_unit(match, is_one=match['amount'] == '1')}"


def _from_to(match: Match) -> str | None:
    if match["again"] not in {"", match["unit"]}:
        return None
    return f"{number(match['amount'])} to {number(match['upper'])} {_unit(match, is_one=False)}"


def _feet_and_inches(match: Match) -> str:
    feet = f"{number(match['feet'])} foot"
    return f"{feet} {number(match['inches'])}" if match["inches"] else feet


def _inches(match: Match) -> str | None:
    # A closing quotation mark has an opening one before it.
    is_quotation = _OPENING_QUOTE.search(match.string, 0, match.start())
    return None if is_quotation else f"{number(match['amount'])} inch"


def _part_of_an_inch(match: Match) -> str | None:
    is_quotation = _OPENING_QUOTE.search(match.string, 0, match.start())
    return None if is_quotation else f"{written_fraction(match)} inch"


def _heat(match: Match) -> str | None:
    """Read 350F as a temperature only for an oven; a seat may have the same name."""
    text, end = match.string, match.end()
    if not (
        _BEFORE_HEAT.search(before(match))
        or _AFTER_OTHER_HEAT.search(before(match))
        or _AFTER_HEAT.match(text, end)
    ):
        return None
    sign = "minus " if match["minus"] else ""
    return f"{sign}{number(match['amount'])} {UNITS['°' + match['scale']][1]}"


def _on_earth(match: Match) -> str:
    words = [counted(match["degrees"], "degree", "degrees"), counted(match["minutes"], "minute", "minutes")]
    if match["seconds"]:
        words.append(counted(match["seconds"], "second", "seconds"))
    return " ".join([*words, _SIDES[match["side"]]] if match["side"] else words)


def _part_of_a_unit(match: Match) -> str:
    if not match["whole"] and _SMALLEST_CHOICE <= int(match["numerator"]) < int(match["denominator"]):
        choice = f"{number(match['numerator'])} or {number(match['denominator'])}"
        return f"{choice} {_unit(match, is_one=False)}"  # 50/60 Hz is not a fraction
    is_part = not match["whole"] and int(match["numerator"]) < int(match["denominator"])
    return f"{written_fraction(match)} {_unit(match, is_one=is_part)}"


def _vulgar_part(match: Match) -> str | None:
    spoken = vulgar_fraction(match)
    return spoken and f"{spoken} {_unit(match, is_one=not match['whole'])}"


def _after_power(match: Match) -> str | None:
    return f" {_unit(match, is_one=False)}" if _AFTER_POWER.search(before(match)) else None


def _alone(match: Match) -> str:
    is_one = before(match).endswith(("per ", "a ", "each ", "every "))
    if match["unit"]:
        return _unit(match, is_one=is_one)
    if is_one and match["power"]:
        return UNITS[match["power"]][0]
    return UNITS[match["power"] or match["degree"]][1]


def _either(match: Match) -> str | None:
    if not _AFTER_UNIT.search(before(match)):
        return None
    is_dose = _AFTER_DOSE.search(before(match)) and _VOLUME.match(match.string, match.end())
    return " per " if is_dose else " or "


def _by(match: Match) -> str | None:
    return " by " if _AFTER_UNIT.search(before(match)) else None


MEASURES = (
    Rule(
        "part of a unit",
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,3})[\s-])?(?P<numerator>\d{1,3})/(?P<denominator>\d{1,3})"
            rf"(?:\s|-)?{_UNIT}"
        ),
        _part_of_a_unit,
    ),
    Rule(
        "vulgar part of a unit",
        re.compile(rf"(?<![\w.,])(?:(?P<whole>\d{{1,4}})\s?)?(?P<fraction>[{VULGAR}])[\s-]?{_UNIT}"),
        _vulgar_part,
        replaces=rf"[{VULGAR}]\w*",
    ),
    Rule(
        "feet and inches",
        re.compile(r"(?<![\w.,])(?P<feet>\d{1,2})['′’]\s?(?P<inches>1[01]|\d)(?:[\"″”]|''|(?!\w))"),
        _feet_and_inches,
    ),
    Rule(
        "degrees, minutes and seconds",
        re.compile(
            r"(?<![\w.,])(?P<degrees>\d{1,3})[°º]\s?(?P<minutes>[0-5]?\d(?:\.\d{1,6})?)['’′]"
            r"(?:\s?(?P<seconds>[0-5]?\d(?:\.\d{1,6})?)(?:[\"”″]|''|′′))?(?:\s?(?P<side>[NSEW])(?!\w))?"
        ),
        _on_earth,
        replaces="[NSEW]",
    ),
    Rule(
        "feet",
        re.compile(
            r"(?:(?<![\w.,'’])|(?<=['’′]x)|(?<=['’′]×))(?P<amount>\d{1,3})['’′](?=\s?[x×]\s?\d|[\s-](?:tall|wide|long|high|deep|by|fence)\b)"
            r"|(?:(?<=[x×])|(?<=[x×]\s))(?P<last>\d{1,3})['’′](?!\w)"
        ),
        lambda match: counted(match["amount"] or match["last"], *LENGTHS["ft"]),
    ),
    Rule(
        "part of an inch",
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,3})[\s-])?(?P<numerator>\d{1,2})/(?P<denominator>2|4|8|16|32|64)"
            r"[\"″”](?=[\s,.;)x×-]|$)"
        ),
        _part_of_an_inch,
    ),
    Rule(
        "feet and inches in letters",
        re.compile(
            r"(?<![\w.,])(?P<feet>\d{1,3})\s?ft\.?,?\s?(?P<inches>1[01]|\d)\s?in\b(?:\.(?=,|\s[a-z]))?"
        ),
        lambda match: f"{counted(match['feet'], *LENGTHS['ft'])} {counted(match['inches'], *LENGTHS['in'])}",
    ),
    Rule(
        "quantity from to",
        re.compile(
            rf"(?<![\w.,])(?P<amount>{AMOUNT})\s?(?P<again>[°%CFa-z]{{0,3}})\s?{DASH}\s?(?P<upper>{AMOUNT})\s?{_UNIT}"
        ),
        _from_to,
    ),
    Rule(
        "quantity that qualifies",
        re.compile(rf"(?<![\w.,])(?P<amount>{AMOUNT})-(?P<unit>{alternatives(UNITS)}|in(?!-))(?![\w/²³])"),
        lambda match: f"{number(match['amount'])} {(UNITS | LENGTHS)[match['unit']][0]}",
    ),
    Rule(
        "inches",
        re.compile(rf"(?:(?<![\w.,])|(?<=[\"″][x×]))(?P<amount>{AMOUNT})[\"″](?=[\s,.;)x×-]|$)"),
        _inches,
    ),
    Rule(
        "inches in letters",
        re.compile(
            rf"(?<![\w.,])(?P<amount>{AMOUNT})(?:\s?in\.?(?=\s(?:x|×|by|wide|long|tall|high|deep|thick|diameter|pans?|screens?)\b)|in(?![\w-]))"
        ),
        lambda match: counted(match["amount"], *LENGTHS["in"]),
    ),
    Rule(
        "quantity",
        re.compile(rf"(?:(?<![\w.,/])|(?<=[\w°%²³]/)|(?<=\d[x×])|(?<=[A-Za-z]×)){_SIGNED}\s?{_UNIT}"),
        _measured,
    ),
    Rule(
        "heat",
        re.compile(
            rf"(?<![\w.,$])(?P<minus>(?<![\w.)]){MINUS})?(?P<amount>\d{{1,3}}(?:\.\d)?)\s?(?P<scale>[CF])(?![\w-])"
        ),
        _heat,
    ),
    Rule("after a power", re.compile(rf"(?<=[\d⁰¹²³⁴⁵⁶⁷⁸⁹])\s{_UNIT}"), _after_power),
    Rule("either quantity", re.compile(r"(?<=[A-Za-z°%²³])\s?/\s?(?=[-\N{MINUS SIGN}]?\d)"), _either),
    Rule("by", re.compile(r"(?<=[A-Za-z°\"″'’′])(?:\s[x×]\s|×|(?<=['’′])x)(?=\d)"), _by),
    Rule(
        "unit alone",
        re.compile(
            rf"(?<![\w./])(?P<unit>{_WORDLIKE}|[mgWJL])"
            rf"/(?P<hundred>100\s?)?(?P<per>{alternatives(DIVISORS)})(?![\w/²³-])"
            rf"|(?<![\w./])(?P<power>{_RAISED})(?!\w)"
            r"|(?<!\d)(?P<degree>°\s?[CF])\b"
        ),
        _alone,
    ),
    Rule(
        "per",
        re.compile(rf"(?<=[\w$€£%])\s?/\s?(?P<unit>{alternatives(PERIODS)})(?!\w)"),
        lambda match: f" per {PERIODS[match['unit']]}",
    ),
    Rule("per liter", re.compile(r"(?<=[\d⁰¹²³⁴⁵⁶⁷⁸⁹])\s?/\s?(?:L|l)(?!\w)"), lambda _: " per liter"),
)
