"""K, M and B after a number: thousands, millions, billions of something countable; otherwise letters."""

import re

from worker.text.english.words import DASH, NUMBER, SCALES, alternatives, before, counts_things, number
from worker.text.reading import Match, Rule

_SCALE = alternatives(["k", "K", "M", "B", "bn", "mn", "mil"])
_THOUSANDS = {"k", "K"}
_LETTERS_OF_NAMES = {"M", "B"}
_SIZES = re.compile(
    r"(?i:\b(?:about|almost|another|approximately|around|at least|costs?|cross(?:ed)?|earn(?:ed)?|"
    r"exceed(?:ed|s)?|grossed|hits?|invest(?:ed)?|lost|made|nearly|over|paid|pass(?:ed)?|raise[ds]?|raising|reach(?:ed|es)?|"
    r"roughly|sold|spent|than|top(?:ped)?|total(?:ing|ed)?|under|up to|worth)|[~<>≈≥≤])\s?\Z"
)
_SUMS = re.compile(
    r"\+|\s[A-Z][a-z]+s\b|\s(?:in|of|per|a)\s(?:debt|funding|month|profit|revenue|sales|them|year)\b"
)
_CAPITAL = re.compile(r"\s[A-Z][a-z]+\b(?<!s)")
_SURELY_A_COUNT = 100
_COUNTED = (
    "customers|dollars|downloads|euros|followers|likes|listeners|people|pounds|streams|subscribers|users|"
    "viewers|views"
)
_RUNS = "race|races|run|walk|jog|runner|runners|marathon|fun run|course|time|finish|training|PB|PR"
_PICTURES = (
    "TVs?|UHD|HDR|OLED|videos?|monitors?|displays?|resolution|screens?|Blu-ray|footage|cameras?|webcams?|movies?|"
    "films?|gaming|streaming|projectors?|content|quality|upscaling|at"
)
_RAN = re.compile(
    r"\b(?:ran|run|running|runs|finished|did|train for|race) (?:an?|my|her|his|the|first) \Z|\bfirst \Z"
)
_PIXELS = {"2", "4", "5", "6", "8"}


def _from_to(match: Match) -> str | None:
    first, scale = match["first_scale"], match["scale"]
    if first and SCALES[first] != SCALES[scale]:
        return f"{number(match['first'])} {SCALES[first]} to {number(match['second'])} {SCALES[scale]}"
    return f"{number(match['first'])} to {number(match['second'])} {SCALES[scale]}"


def _scaled(match: Match) -> str | None:
    written, scale = match["number"], match["scale"]
    if scale in _LETTERS_OF_NAMES and not _is_count(match):
        return None
    is_picture = written in _PIXELS and (scale == "K" or before(match).endswith(" in "))
    if is_picture and scale in _THOUSANDS and not counts_things(match):
        return f"{number(written)} K"
    if scale in _THOUSANDS and _RAN.search(before(match)) and not counts_things(match):
        return f"{number(written)} K"
    return f"{number(written)} {SCALES[scale]}"


def _is_count(match: Match) -> bool:
    if _CAPITAL.match(match.string, match.end()):
        return "." in match["number"]
    return (
        not match["number"].isdecimal()
        or int(match["number"]) >= _SURELY_A_COUNT
        or counts_things(match)
        or bool(_SUMS.match(match.string, match.end()) or _SIZES.search(before(match)))
    )


SCALED = (
    Rule(
        "scale from to",
        re.compile(
            rf"(?<![\w.,$€£-])(?P<first>{NUMBER})(?P<first_scale>{_SCALE})?\s?{DASH}\s?(?P<second>{NUMBER})(?P<scale>{_SCALE})(?!\w)"
        ),
        _from_to,
    ),
    Rule(
        "run or picture",
        re.compile(rf"(?<![\w.,$€£-])(?P<number>\d{{1,3}})[kK](?=[\s-](?:{_RUNS}|{_PICTURES})\b)"),
        lambda match: f"{number(match['number'])} K",
    ),
    Rule(
        "counted",
        re.compile(
            rf"(?<![\w.,$€£])(?P<number>{NUMBER})(?P<scale>m|b|mn|bn|mil)(?=\s(?:[a-z]+\s)?(?:{_COUNTED})\b)"
        ),
        lambda match: f"{number(match['number'])} {SCALES[match['scale']]}",
    ),
    Rule(
        "scaled", re.compile(rf"(?<![\w.,$€£])(?<!\w-)(?P<number>{NUMBER})(?P<scale>{_SCALE})(?!\w)"), _scaled
    ),
)
"""They go before measures: m is also a meter."""
