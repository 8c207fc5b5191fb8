"""Addresses: e-mail, URLs, handles, hashtags, IP addresses and versions."""

import re

from worker.text.english.words import number, spelt
from worker.text.reading import Match, Rule

_SIGNS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
}
_TOP_LEVELS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|dev|app|tv|me|co|uk|us|ca|de|fr|es|it|nl|eu|ch|at"
    "|au|nz|in|jp|cn|br"
)
_EXTENSIONS = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|html?|xml|md|py|js|ts|css|sh|exe|zip|png|jpe?g|gif|svg|mp[34]|wav"
    "|ya?ml|toml"
)
_LONGEST_COUNTED = 4
_PART = re.compile(r"[^\W\d_]+|\d+|[^\w]|_")


def spell_address(address: str) -> str:
    """Return "a.b/c" as "a dot b slash c"; short numbers are read as numbers, long ones digit by digit."""
    words = []
    for part in _PART.findall(address):
        if part.isdecimal():
            words.append(number(part) if len(part) <= _LONGEST_COUNTED else spelt(part))
        else:
            words.append(_SIGNS.get(part, part))
    return " ".join(words)


def _url(match: Match) -> str:
    return spell_address(match["address"].rstrip("/"))


def _dotted(match: Match) -> str:
    dotted = " dot ".join(spelt(part) for part in match["parts"].split("."))
    return f"{dotted} port {spelt(match['port'])}" if match["port"] else dotted


def _version(match: Match) -> str:
    prefix = "version " if match["v"] else ""
    return prefix + " point ".join(number(part) for part in match["number"].split("."))


WEB = (
    Rule(
        "e-mail",
        re.compile(
            r"(?:mailto:)?(?P<address>\b[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b)"
        ),
        lambda match: spell_address(match["address"]),
    ),
    Rule(
        "URL",
        # Brackets and the punctuation of the surrounding sentence are not part of it.
        re.compile(r"\b(?:https?://|ftp://)(?:www\.)?(?P<address>[^\s<>\"'()\[\]{}]*[\w/])", re.IGNORECASE),
        _url,
    ),
    Rule(
        "domain",
        re.compile(
            rf"(?<![\w@./-])(?:www\.)?(?P<address>(?:(?:[A-Za-z0-9-]{{2,63}}\.){{1,4}}(?:{_TOP_LEVELS})|[A-Za-z]\.(?:com|org|co|ai)\b)"
            r"(?:/[^\s<>\"'()\[\]{}]*[\w/]|/)?)(?![\w@-]|\.\w)"
        ),
        _url,
    ),
    Rule(
        "IP address",
        # No part of an address is 000: 1.000.000.000 is a billion.
        re.compile(r"(?<![\w.])(?P<parts>\d{1,3}(?:\.(?!000)\d{1,3}){3})(?::(?P<port>\d{2,5}))?(?!\w|\.\d)"),
        _dotted,
    ),
    Rule(
        "version",
        re.compile(
            # Dates, telephone numbers and millions may also have two dots.
            r"(?<![\w.])(?!\d{1,2}\.\d{1,2}\.[12]\d{3}(?!\d)|[12]\d{3}\.\d\d\.\d\d(?!\d)"
            r"|(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d(?!\d)|\d{3}\.\d{3}\.\d{4}(?!\d)|\d{1,3}\.\d{3}\.\d{3}(?!\d))"
            r"(?:(?P<v>[vV])(?=\d))?(?P<number>\d{1,4}(?:\.\d{1,4}){2,4})(?![\w]|\.\d)"
        ),
        _version,
    ),
    Rule(
        "short version",
        re.compile(r"(?<![\w.])(?P<v>v|V(?=\d{1,4}\.\d))(?P<number>\d{1,4}(?:\.\d{1,4})?)(?![\w]|\.\d)"),
        _version,
    ),
    Rule("file", re.compile(rf"(?<=\w)\.(?=(?:{_EXTENSIONS})(?!\w))"), lambda _: " dot "),
    Rule("handle", re.compile(r"(?<![\w@])@(?=[A-Za-z]\w{1,30})"), lambda _: "at "),
    Rule("hashtag", re.compile(r"(?<![\w#&])#(?=[A-Za-z]\w{1,50})"), lambda _: "hashtag "),
)
