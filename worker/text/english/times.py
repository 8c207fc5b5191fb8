"""Times of day, and durations."""

import re

from worker.text.english.words import DASH, before, cardinal, counted, number, spelt, spoken_pair
from worker.text.reading import Match, Rule

_HALF = r"(?:[AaPp]\.\s?[Mm](?:\.|(?![\w.]))|[AaPp][Mm]\b)"
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?"
_TWELVE = r"(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?(?::[0-5]\d)?"
_DOTTED = r"(?P<hour>1[0-2]|0?[1-9])\.(?P<minute>[0-5]\d)"
_NOON = 12
_BEFORE_TRAIN = re.compile(r"\b(?:by|catch|caught|take|took|for) the \Z")
_AFTER_DECIMAL = re.compile(r"\s(?:per|percent)\b")
_AT = re.compile(r"\b[Aa]t \Z")
_AFTER_HOUR = re.compile(r"\s(?:next|on|in the|tomorrow|today|tonight|to-night|to-morrow|sharp|that|this)\b")
_AFTER_TIME = re.compile(
    r"\s(?:train|bus|express|boat|ferry|flight|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b"
)
_LASTING = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_LASTS = re.compile(r"(\d+)\s?([dhms]?)")
_BEFORE_RATIO = re.compile(
    r"(?i)\b(?:ratio|odds|scale|dilution|diluted|aspect)(?:\s(?:of|is|was|at|to))?:?\s\Z"
)
_AFTER_RATIO = re.compile(r"\s(?:aspect|dilution|mix|mixture|model|odds|proportions?|ratio|scale|solution)\b")


def _clock(written: str, half: str | None = None, fraction: str | None = None) -> str:
    hour, *rest = (int(part) for part in re.split("[:.]", written))
    words = [cardinal(hour)]
    if rest and rest[0]:
        words.append(spoken_pair(rest[0]))
    elif not half:
        if hour in {0, 24}:
            words = ["midnight"]
        elif rest:
            words.append("o'clock" if hour <= _NOON else "hundred")
    point = f" point {spelt(fraction)}" if fraction else ""
    if len(rest) > 1 and (rest[1] or point):
        words.append(f"and {cardinal(rest[1])}{point} second{'' if rest[1] == 1 and not point else 's'}")
    elif point:
        words.append(point.strip())
    if half:
        words.append(f"{half[0].upper()} M")
    return " ".join(words)


def _dotted(match: Match) -> str | None:
    """Read 5.16, 8.30 a.m. and "at 6.30 next day" as British times; otherwise it is a decimal."""
    text, end = match.string, match.end()
    is_train = _BEFORE_TRAIN.search(before(match)) and not _AFTER_DECIMAL.match(text, end)
    is_hour = _AT.search(before(match)) and _AFTER_HOUR.match(text, end)
    if not (match["half"] or is_train or is_hour or _AFTER_TIME.match(text, end)):
        return None
    return _clock(f"{match['hour']}:{match['minute']}", match["half"])


def _range(match: Match) -> str:
    return f"{_clock(match['from'], match['first'])} to {_clock(match['to'], match['second'])}"


def _ratio(match: Match) -> str | None:
    if not (_BEFORE_RATIO.search(before(match)) or _AFTER_RATIO.match(match.string, match.end())):
        return None
    return f"{number(match['first'])} to {number(match['second'])}"


def _duration(match: Match) -> str | None:
    parts = _LASTS.findall(match.group())
    units = [unit or "m" for _, unit in parts]
    if units != sorted(units, key="dhms".index) or len(set(units)) < len(units):
        return None
    return " ".join(
        counted(str(int(amount)), _LASTING[unit], f"{_LASTING[unit]}s")
        for (amount, _), unit in zip(parts, units, strict=True)
    )


TIMES = (
    Rule("from noon", re.compile(r"(?<=noon|ight)[-\N{EN DASH}](?=\d)"), lambda _: " to "),
    Rule(
        "time with a dot",
        re.compile(rf"(?<![\w:.,$€£-]){_DOTTED}(?:\s?(?P<half>{_HALF})|(?![\w%°]|\.\d))"),
        _dotted,
    ),
    Rule(
        "duration",
        # An m is a minute next to hours or seconds, and a meter elsewhere.
        re.compile(
            r"(?<![\w.,:$€£-])(?:\d{1,2}\s?(?:d|hrs?|h|mins?|m),?\s?(?:\d{1,2}\s?(?:hrs?|h|mins?|m),?\s?){0,2}"
            r"\d{1,2}\s?(?:secs?|s|mins?|m|hrs?|h)|\d{1,2}h[0-5]\d)(?!\w)"
        ),
        _duration,
    ),
    Rule(
        "ratio in figures",
        re.compile(r"(?<![\w:.,])(?P<first>\d{1,4}):(?P<second>\d{1,6})(?![\w:])"),
        _ratio,
    ),
    Rule(
        "hours",
        re.compile(
            rf"(?<![\w:.,$-])(?P<from>{_TWELVE})\s?(?P<first>{_HALF})?\s?(?:{DASH}|to)\s?"
            rf"(?P<to>{_TWELVE})\s?(?P<second>{_HALF})"
        ),
        lambda match: (
            _range(match)
            if match["first"] or not match["from"].isdecimal()
            else f"{cardinal(int(match['from']))} to {_clock(match['to'], match['second'])}"
        ),
    ),
    Rule(
        "from and to",
        re.compile(rf"(?<![\w:.,])(?P<first>{_CLOCK})\s?{DASH}\s?(?P<second>{_CLOCK})(?![\w:])"),
        lambda match: f"{_clock(match['first'])} to {_clock(match['second'])}",
    ),
    Rule(
        "half of the day",
        re.compile(rf"(?:(?<![\w:.,$-])|(?<=noon-)|(?<=night-))(?P<time>{_TWELVE})\s?(?P<half>{_HALF})"),
        lambda match: _clock(match["time"], match["half"]),
    ),
    Rule(
        "clock",
        re.compile(
            rf"(?:(?<![\w:.,])|(?<=\dT))(?P<time>{_CLOCK})(?:\.(?P<fraction>\d{{1,9}}))?(?P<utc>Z\b|\s?h\b)?(?![\w:])"
        ),
        lambda match: (
            _clock(match["time"], fraction=match["fraction"]) + (" U T C" if match["utc"] == "Z" else "")
        ),
    ),
    Rule("halves alone", re.compile(r"\b(?P<half>[ap])\.m\."), lambda match: f"{match['half'].upper()} M"),
)
