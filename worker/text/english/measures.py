"""Quantities: a number and its unit."""

import re

from worker.text.english.numbers import written_fraction
from worker.text.english.words import DASH, MINUS, NUMBER, alternatives, counted, number
from worker.text.reading import Match, Rule


def _regular(units: str) -> dict[str, tuple[str, str]]:
    """Read "km kilometer" line by line; the plural has an s."""
    pairs = (line.split(maxsplit=1) for line in units.strip().splitlines())
    return {symbol: (name, f"{name}s") for symbol, name in pairs}


_UNITS = _regular("""
mm millimeter
cm centimeter
km kilometer
m meter
µm micrometer
μm micrometer
nm nanometer
mi mile
yd yard
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
""") | {
    "ft": ("foot", "feet"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "kWh": ("kilowatt-hour", "kilowatt-hours"),
    "MWh": ("megawatt-hour", "megawatt-hours"),
    "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "m/s²": ("meter per second squared", "meters per second squared"),
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
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"),
    "kbit/s": ("kilobit per second", "kilobits per second"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "mg/dL": ("milligram per deciliter", "milligrams per deciliter"),
    "sq ft": ("square foot", "square feet"),
    "sq. ft.": ("square foot", "square feet"),
    "sq mi": ("square mile", "square miles"),
    "sq km": ("square kilometer", "square kilometers"),
    "mm²": ("square millimeter", "square millimeters"),
    "cm²": ("square centimeter", "square centimeters"),
    "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "ft²": ("square foot", "square feet"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "m³": ("cubic meter", "cubic meters"),
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
_UNIT = rf"(?P<unit>{alternatives(_UNITS)})(?![\w/²³]|-\w)(?:\.(?=\s[a-z]))?"
_OPENING_QUOTE = re.compile(r'(?<!\d)"')
_SIGNED = rf"(?P<minus>(?<![\w.)]){MINUS})?(?P<amount>{NUMBER})"
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
    "GB": "gigabyte",
}


def _measured(match: Match) -> str:
    sign = "minus " if match["minus"] else ""
    return sign + counted(match["amount"], *_UNITS[match["unit"]])


def _from_to(match: Match) -> str | None:
    if match["again"] not in {"", match["unit"]}:
        return None
    return f"{number(match['amount'])} to {number(match['upper'])} {_UNITS[match['unit']][1]}"


def _feet_and_inches(match: Match) -> str:
    feet = f"{number(match['feet'])} foot"
    return f"{feet} {number(match['inches'])}" if match["inches"] else feet


def _inches(match: Match) -> str | None:
    # A quotation mark that closes has one before it that opens.
    is_quotation = _OPENING_QUOTE.search(match.string, 0, match.start())
    return None if is_quotation else f"{number(match['amount'])} inch"


def _part_of_a_unit(match: Match) -> str:
    return f"{written_fraction(match)} {_UNITS[match['unit']][1 if match['whole'] else 0]}"


MEASURES = (
    Rule(
        "part of a unit",
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,3})[\s-])?(?P<numerator>\d{1,2})/(?P<denominator>\d{1,2})"
            rf"(?:\s|-)?{_UNIT}"
        ),
        _part_of_a_unit,
    ),
    Rule(
        "feet and inches",
        re.compile(r"(?<![\w.,])(?P<feet>\d{1,2})['′’]\s?(?P<inches>1[01]|\d)(?:[\"″”]|''|(?!\w))"),
        _feet_and_inches,
    ),
    Rule(
        "quantity from to",
        re.compile(
            rf"(?<![\w.,])(?P<amount>{NUMBER})\s?(?P<again>[°%CFa-z]{{0,3}})\s?{DASH}\s?(?P<upper>{NUMBER})\s?{_UNIT}"
        ),
        _from_to,
    ),
    Rule(
        "quantity that qualifies",
        re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})-(?P<unit>{alternatives(_UNITS)})(?![\w/²³])"),
        lambda match: f"{number(match['amount'])} {_UNITS[match['unit']][0]}",
    ),
    Rule("inches", re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})[\"″](?=[\s,.;)-]|$)"), _inches),
    Rule("quantity", re.compile(rf"(?<![\w.,/]){_SIGNED}\s?{_UNIT}"), _measured),
    Rule(
        "per",
        re.compile(rf"(?<=[\w$€£%])\s?/\s?(?P<unit>{alternatives(_PERIODS)})(?!\w)"),
        lambda match: f" per {_PERIODS[match['unit']]}",
    ),
)
