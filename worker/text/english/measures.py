"""Quantities: a number and its unit."""

import re

from worker.text.english.numbers import VULGAR, vulgar_fraction, written_fraction
from worker.text.english.words import AMOUNT, DASH, MINUS, alternatives, before, counted, number
from worker.text.reading import Match, Rule


def _regular(units: str) -> dict[str, tuple[str, str]]:
    """Read "km kilometer" line by line; the plural has an s."""
    pairs = (line.split(maxsplit=1) for line in units.strip().splitlines())
    return {symbol: (name, f"{name}s") for symbol, name in pairs}


LENGTHS = {
    "mm": ("millimeter", "millimeters"),
    "cm": ("centimeter", "centimeters"),
    "dm": ("decimeter", "decimeters"),
    "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"),
    "in": ("inch", "inches"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "mi": ("mile", "miles"),
}
"""Their squares and cubes are units as well; "in" alone is likelier a word."""


def _squares_and_cubes() -> dict[str, tuple[str, str]]:
    units: dict[str, tuple[str, str]] = {}
    for symbol, (name, names) in LENGTHS.items():
        units |= dict.fromkeys(
            (f"{symbol}²", f"{symbol}^2", f"{symbol}2"), (f"square {name}", f"square {names}")
        )
        units |= dict.fromkeys(
            (f"{symbol}³", f"{symbol}^3", f"{symbol}3"), (f"cubic {name}", f"cubic {names}")
        )
        units |= dict.fromkeys((f"sq {symbol}", f"sq. {symbol}"), (f"square {name}", f"square {names}"))
        units |= dict.fromkeys((f"cu {symbol}", f"cu. {symbol}"), (f"cubic {name}", f"cubic {names}"))
    return units


_POWERS_OF_LENGTHS = _squares_and_cubes()
_UNITS = _regular("""
µm micrometer
μm micrometer
nm nanometer
mg milligram
µg microgram
μg microgram
mcg microgram
g gram
kg kilogram
lb pound
lbs pound
oz ounce
ml milliliter
mL milliliter
cl centiliter
dl deciliter
l liter
L liter
gal gallon
qt quart
pt pint
tbsp tablespoon
tsp teaspoon
ms millisecond
µs microsecond
μs microsecond
ns nanosecond
s second
sec second
secs second
min minute
mins minute
h hour
hr hour
hrs hour
yr year
yrs year
wk week
wks week
mo month
mos month
W watt
kW kilowatt
MW megawatt
GW gigawatt
V volt
kV kilovolt
mV millivolt
mA milliamp
mAh milliamp-hour
J joule
kJ kilojoule
cal calorie
kcal kilocalorie
Pa pascal
kPa kilopascal
bit bit
kB kilobyte
KB kilobyte
MB megabyte
GB gigabyte
TB terabyte
PB petabyte
MiB mebibyte
GiB gibibyte
dB decibel
px pixel
acre acre
ha hectare
mol mole
mmol millimole
""") | {
    **{symbol: names for symbol, names in LENGTHS.items() if symbol != "in"},
    **_POWERS_OF_LENGTHS,
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "kWh": ("kilowatt-hour", "kilowatt-hours"),
    "MWh": ("megawatt-hour", "megawatt-hours"),
    "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"),
    "fps": ("frame per second", "frames per second"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "psi": ("pound per square inch", "pounds per square inch"),
    "ppm": ("part per million", "parts per million"),
    "dpi": ("dot per inch", "dots per inch"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "sqft": ("square foot", "square feet"),
    "sqm": ("square meter", "square meters"),
    "sq. ft.": ("square foot", "square feet"),
    "kbit": ("kilobit", "kilobits"),
    "Mbit": ("megabit", "megabits"),
    "Gbit": ("gigabit", "gigabits"),
    "mmHg": ("millimeter of mercury", "millimeters of mercury"),
    "fl oz": ("fluid ounce", "fluid ounces"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "° C": ("degree Celsius", "degrees Celsius"),
    "℃": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "° F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"),
}
_PERIODS = {
    "mo": "month",
    "month": "month",
    "yr": "year",
    "year": "year",
    "hr": "hour",
    "h": "hour",
    "hour": "hour",
    "day": "day",
    "wk": "week",
    "week": "week",
    "min": "minute",
    "minute": "minute",
    "s": "second",
    "sec": "second",
    "second": "second",
    "kg": "kilogram",
    "lb": "pound",
    "gal": "gallon",
    "person": "person",
    "user": "user",
    "night": "night",
    "unit": "unit",
    "item": "item",
    "seat": "seat",
    "share": "share",
    "d": "day",
    "GB": "gigabyte",
    "km": "kilometer",
    "mi": "mile",
    "mile": "mile",
    "sqft": "square foot",
    "sqm": "square meter",
    "L": "liter",
    "dL": "deciliter",
    "mL": "milliliter",
    "ml": "milliliter",
} | {symbol: name for symbol, (name, _) in _POWERS_OF_LENGTHS.items()}
"""Said after "per", also where no unit stands before it: $5/month."""
_DIVISORS = (
    {symbol: name for symbol, (name, _) in _UNITS.items() if symbol[0].isalpha()}
    | _PERIODS
    | dict.fromkeys(("s²", "s^2", "s2"), "second squared")
)
_PER = rf"(?:\s?/\s?(?P<hundred>100\s?)?(?P<per>{alternatives(_DIVISORS)}))?"
_UNIT = rf"(?P<unit>{alternatives(_UNITS)}){_PER}(?![\w²³]|-\w)(?:\.(?=\s[a-z]))?"
_WORDLIKE = alternatives([each for each in _UNITS if len(each) > 1 and each[0].isalpha()])
_RAISED = alternatives([each for each in _POWERS_OF_LENGTHS if each[-1] in "²³"])
_AFTER_UNIT = re.compile(rf"\d\s?(?:{alternatives(_UNITS)})\Z")
_AFTER_POWER = re.compile(r"(?:\^[-−]?\d{1,3}|\d[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})\Z")
_OPENING_QUOTE = re.compile(r'(?<!\d)"')
_SIGNED = rf"(?<!\^)(?<!\^[-−])(?P<minus>(?<![\w.)]){MINUS})?(?P<amount>{AMOUNT})"


def _unit(match: Match, *, is_one: bool) -> str:
    """Return the unit in the singular or the plural, and what it goes by: "kilograms per cubic meter"."""
    unit = _UNITS[match["unit"]][0 if is_one else 1]
    if not match["per"]:
        return unit
    divisor = _DIVISORS[match["per"]]
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
    # A quotation mark that closes has one before it that opens.
    is_quotation = _OPENING_QUOTE.search(before(match))
    return None if is_quotation else f"{number(match['amount'])} inch"


def _part_of_a_unit(match: Match) -> str:
    is_part = not match["whole"] and int(match["numerator"]) < int(match["denominator"])
    return f"{written_fraction(match)} {_unit(match, is_one=is_part)}"


def _vulgar_part(match: Match) -> str | None:
    spoken = vulgar_fraction(match)
    return spoken and f"{spoken} {_unit(match, is_one=not match['whole'])}"


def _after_power(match: Match) -> str | None:
    return f" {_unit(match, is_one=False)}" if _AFTER_POWER.search(before(match)) else None


def _alone(match: Match) -> str:
    if match["unit"]:
        return _unit(match, is_one=False)
    return _UNITS[match["power"] or match["degree"]][1]


def _either(match: Match) -> str | None:
    return " or " if _AFTER_UNIT.search(before(match)) else None


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
    ),
    Rule(
        "feet and inches",
        re.compile(r"(?<![\w.,])(?P<feet>\d{1,2})['′’]\s?(?P<inches>1[01]|\d)(?:[\"″”]|''|(?!\w))"),
        _feet_and_inches,
    ),
    Rule(
        "feet and inches in letters",
        re.compile(r"(?<![\w.,])(?P<feet>\d{1,3})\s?ft\.?,?\s?(?P<inches>1[01]|\d)\s?in\b"),
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
        re.compile(rf"(?<![\w.,])(?P<amount>{AMOUNT})-(?P<unit>{alternatives(_UNITS)}|in)(?![\w/²³])"),
        lambda match: f"{number(match['amount'])} {(_UNITS | LENGTHS)[match['unit']][0]}",
    ),
    Rule("inches", re.compile(rf"(?<![\w.,])(?P<amount>{AMOUNT})[\"″](?=[\s,.;)-]|$)"), _inches),
    Rule(
        "inches in letters",
        re.compile(
            rf"(?<![\w.,])(?P<amount>{AMOUNT})\s?in\.?(?=\s(?:x|×|by|wide|long|tall|high|deep|thick|diameter|pans?|screens?)\b)"
        ),
        lambda match: counted(match["amount"], *LENGTHS["in"]),
    ),
    Rule(
        "quantity", re.compile(rf"(?:(?<![\w.,/])|(?<=[\w°%²³]/)|(?<=\d[x×])){_SIGNED}\s?{_UNIT}"), _measured
    ),
    Rule("after a power", re.compile(rf"(?<=[\d⁰¹²³⁴⁵⁶⁷⁸⁹])\s{_UNIT}"), _after_power),
    Rule("either quantity", re.compile(r"(?<=[A-Za-z°%²³])\s?/\s?(?=[-\N{MINUS SIGN}]?\d)"), _either),
    Rule(
        "unit alone",
        re.compile(
            rf"(?<![\w./])(?P<unit>{_WORDLIKE}|m)"
            rf"/(?P<hundred>(?!))?(?P<per>{alternatives(_DIVISORS)})(?![\w/²³-])"
            rf"|(?<![\w./])(?P<power>{_RAISED})(?!\w)"
            r"|(?<!\d)(?P<degree>°\s?[CF])\b"
        ),
        _alone,
    ),
    Rule(
        "per",
        re.compile(rf"(?<=[\w$€£%])\s?/\s?(?P<unit>{alternatives(_PERIODS)})(?!\w)"),
        lambda match: f" per {_PERIODS[match['unit']]}",
    ),
)
