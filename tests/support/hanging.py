"""A text that hangs the interpreter, by a text rule whose regular expression takes exponential time."""

import re

from worker.text import normalize
from worker.text.reading import Rule

HANGS = "Hello. " + 90 * "-" + "x"
"""It hung the rule for a table's line once."""


def plant() -> None:
    """Let the rules have one that never ends on ``HANGS``, and holds the interpreter's lock meanwhile."""
    rule = Rule("planted", re.compile(r"(?:-+)+$", re.MULTILINE), lambda _: " ")
    normalize.MARKUP = (rule, *normalize.MARKUP)
