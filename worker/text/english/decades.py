"""Decades: the 1990s, the '60s. A lone "90s" may be seconds, and "100s of them" are hundreds."""

import re

from worker.text.english.words import DASH, before, cardinal
from worker.text.reading import Match, Rule

_DECADES = {
    "1": "tens",
    "2": "twenties",
    "3": "thirties",
    "4": "forties",
    "5": "fifties",
    "6": "sixties",
    "7": "seventies",
    "8": "eighties",
    "9": "nineties",
}
_MANY = {
    "10": "tens",
    "100": "hundreds",
    "1000": "thousands",
    "10000": "tens of thousands",
    "100000": "hundreds of thousands",
    "1000000": "millions",
}
_BEFORE_DECADE = re.compile(
    r"(?i)(?:\b(?:the|his|her|their|my|our|your|early|mid|late|later|low|lower|mid|upper|high|roaring|swinging)[\s-]|\b(?:1[1-9]|20)(?=\d0s)|['’‘](?=\d0s))"
    r"(?:['’]?\d0['’]?s(?:,\s(?:and\s)?|\s(?:and|or|to|&)\s|[/–-]))*+\Z"
)
_AFTER_DECADE = re.compile(
    r"\s(?:are|babies|baby|children|classics?|cinema|era|fashion|films?|hair|hits?|kids?|metal|movies?|music|nostalgia|party|"
    r"playlist|pop|rock|shows?|songs?|style|themed?|vibes?|were)\b"
)
_AFTER_SECONDS = re.compile(
    r"[\s-](?:ads?|breaks?|clips?|cooldown|countdown|delay|hold|intervals?|limit|mark|pause|plank|rest|sprints?|spots?|"
    r"timeout|timers?|videos?|window)\b"
)


def _decade(match: Match) -> str | None:
    century, tens = match["century"], match["tens"]
    if not century:
        # "90s" is a number of seconds, unless it is "the 90s" or continues like it.
        is_decade = (
            "'" in match.group()
            or "’" in match.group()
            or "‘" in match.group()
            or (_BEFORE_DECADE.search(before(match)) and not _AFTER_SECONDS.match(match.string, match.end()))
            or _AFTER_DECADE.match(match.string, match.end())
        )
        return _DECADES[tens] if is_decade else None
    if tens != "0":
        return f"{cardinal(int(century))} {_DECADES[tens]}"
    return (
        f"{cardinal(int(century) // 10)} thousands"
        if century[1] == "0"
        else f"{cardinal(int(century))} hundreds"
    )


DECADES = (
    Rule(
        "hundreds of",
        re.compile(r"(?<![\w$€£.,])(?P<number>10{0,2}(?:,?000){0,2})s(?=\sof\b)"),
        lambda match: _MANY.get(match["number"].replace(",", "")),
    ),
    Rule(
        "decade",
        re.compile(
            r"(?<![\w$€£.,])(?:['’‘](?=\d0))?(?P<century>1[1-9]|20)?(?P<tens>(?<=\d\d)0|[1-9])0['’]?s\b"
        ),
        _decade,
    ),
    Rule(
        "first decade",
        re.compile(
            r"(?:['’‘]|(?<=\b[Tt]he )|(?<=[Ee]arly )|(?<=[Ll]ate )|(?<=[Mm]id )|(?<=[Mm]id-))00['’]?s\b"
        ),
        lambda _: "two thousands",
    ),
    Rule("decades from to", re.compile(rf"(?<=0s)\s?{DASH}\s?(?=['’]?\d)"), lambda _: " to "),
)
"""They go before measures, which read the remaining cases as seconds."""
