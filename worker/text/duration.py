"""How long a text takes to speak, measured in Latin letters."""

import re

LETTERS_A_SECOND = 14.0
"""Letters per second when people read aloud."""

_WIDE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u2fff\u3040-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_DIGIT = re.compile(r"\d")
_LETTERS_A_WIDE_CHARACTER = 2.5
"""A Han character or Hangul block is a syllable: five or six per second, compared with 14 letters."""
_LETTERS_A_DIGIT = 5.0
"""A digit that no rule has put into words."""


def spoken_length(text: str) -> float:
    """Return the length of ``text`` in Latin letters, each character weighted by its duration."""
    length = len(text) + (_LETTERS_A_DIGIT - 1) * len(_DIGIT.findall(text))
    if text.isascii():
        return length
    return length + (_LETTERS_A_WIDE_CHARACTER - 1) * len(_WIDE.findall(text))
