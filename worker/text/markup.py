"""Markup and emoji of language models and web pages that are not spoken in any language."""

import re

from worker.text.reading import Match, Rule
from worker.text.tags import TAG

ARROWS = "\u2794\u2798-\u27af\u27b1-\u27be\u27a1"
PICTURED_SIGNS = f"♀♂♭♮♯☎☏✆✓✔✕✖➕➖➗⌃⌘⌥⌫⎋⏎⇥⇧▲▼{ARROWS}"
"""Signs that look like pictures and stand for a word."""
EMOJI = re.compile(
    f"(?:(?![{PICTURED_SIGNS}])"
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u3030\u303d]"
    "[\ufe0e\ufe0f\u20e3\u200d\U000e0020-\U000e007f]*)+|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+"
)
"""Pictures, single or joined, and the remains of keycaps; their digits and letters are text."""


def _nothing(_: Match) -> str:
    return ""


def _blank(_: Match) -> str:
    return " "


MARKUP = (
    Rule(
        "code fence",
        re.compile(r"^[ \t]*+(?:```|~~~)[ \t]*+[\w+-]*+[ \t]*+$", re.MULTILINE),
        _blank,
        drops=True,
    ),
    Rule("line of marks", re.compile(r"^[ \t]*+(?:[-*_=][ \t]*+){3,}+$", re.MULTILINE), _blank),
    Rule(
        "table's line",
        re.compile(r"^[ \t]*+(?:\|[ \t]*+)?+(?::?-++:?+[ \t]*+(?:\|[ \t]*+|$))++$", re.MULTILINE),
        _blank,
    ),
    Rule(
        "table's outer edge",
        re.compile(r"^[ \t]*+\|[ \t]*+|(?<![ \t])[ \t]*+\|[ \t]*+$", re.MULTILINE),
        _nothing,
    ),
    Rule("table's inner edge", re.compile(r"[ \t]\|[ \t]"), lambda _: ", "),
    Rule(
        "heading",
        re.compile(r"^[ \t]{0,3}+#{1,6}+[ \t]++|(?<![ \t])[ \t]++#++[ \t]*+$", re.MULTILINE),
        _nothing,
    ),
    Rule("quotation", re.compile(r"^[ \t]{0,3}+(?:>[ \t]?+)++", re.MULTILINE), _nothing),
    Rule(
        "check box",
        re.compile(r"^[ \t]*+(?:[-*+][ \t]++)?+\[[ xX]\][ \t]++", re.MULTILINE),
        _nothing,
        drops=True,
    ),
    Rule("bullet", re.compile(r"^[ \t]*+[-*+•‣◦–—▪●○■□◆▶►→➜➔➤✓✔✗✘✖☐☑☒✅❌][ \t]++", re.MULTILINE), _nothing),
    Rule("footnote", re.compile(r"\[\^[^\[\]]{1,40}\]"), _nothing, drops=True),
    Rule("code", re.compile(r"`+"), _nothing),
    Rule("strike", re.compile(r"~~"), _nothing),
    # An emphasis mark touches a word on one side only; one between spaces is a sign.
    Rule("emphasis begins", re.compile(r"(?<![\w*])(?:\*{1,3}|_{1,3})(?=[^\s*_])"), _nothing),
    Rule(
        "emphasis ends", re.compile(r"(?<=[^\s*_])(?:\*{1,3}|_{1,3})(?![\w*])|(?<=\w)\*{2,3}(?=\w)"), _nothing
    ),
    Rule("emoji", EMOJI, _blank),
    Rule("emoticon", re.compile(r"(?<!\S)[:;=8][-']?[()DPp|\\](?![^\s.,!?])"), _nothing, drops=True),
)

PICTURES = (Rule("picture", re.compile(f"[{PICTURED_SIGNS}]+"), _blank),)
"""For languages in which they have no words here."""

TAGS = (Rule("tag", TAG, Match.group),)
"""It goes before every other rule, and applies without normalisation too: the model itself speaks a tag."""
