"""Units: their symbols, and their names in the singular and the plural."""


def _regular(units: str) -> dict[str, tuple[str, str]]:
    """Parse "km kilometer" line by line; the plural adds an s."""
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
"""Their squares and cubes are units too; a lone "in" is more likely a word."""


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


POWERS_OF_LENGTHS = _squares_and_cubes()
UNITS = _regular("""
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
dL deciliter
µL microliter
μL microliter
mEq milliequivalent
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
    **POWERS_OF_LENGTHS,
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
    "ºC": ("degree Celsius", "degrees Celsius"),
    "º C": ("degree Celsius", "degrees Celsius"),
    "ºF": ("degree Fahrenheit", "degrees Fahrenheit"),
    "º F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "º": ("degree", "degrees"),
    "˚C": ("degree Celsius", "degrees Celsius"),
    "˚F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "˚": ("degree", "degrees"),
    "y/o": ("year old", "years old"),
    "yo": ("year old", "years old"),
    "mth": ("month", "months"),
    "mths": ("month", "months"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"),
}
PERIODS = {
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
    "km": "kilometer",
    "mi": "mile",
    "mile": "mile",
    "sqft": "square foot",
    "sqm": "square meter",
    "mL": "milliliter",
    "ml": "milliliter",
} | {symbol: name for symbol, (name, _) in POWERS_OF_LENGTHS.items()}
"""Spoken after "per", also without a unit before it: $5/month."""
DIVISORS = (
    {symbol: name for symbol, (name, _) in UNITS.items() if symbol[0].isalpha()}
    | PERIODS
    | dict.fromkeys(("s²", "s^2", "s2"), "second squared")
)
