"""Speech that goes in circles: what a token model does when it has lost its text."""

from collections.abc import Sequence

from worker.engine.chatterbox.t3.slots import MAX_SPEECH_TOKENS

_FLOOR = 150
_PER_CHARACTER = 5


def token_budget(text: str) -> int:
    """Return the most speech tokens for a text: 6 s and then 0.2 s a character, at most stock's 40 s.

    Slow speech takes half of that, and the floor leaves room for a short text with laughter or a
    long pause.
    """
    return min(MAX_SPEECH_TOKENS, _FLOOR + _PER_CHARACTER * len(text))


_LONGEST_PERIOD = 25
"""Speech tokens, 1 s: what is repeated in longer circles is left to the token budget."""

_WINDOW = 100
"""Speech tokens, 4 s: longer than any pause or held laugh that a text of this length has."""


def circling_from(tokens: Sequence[int]) -> int | None:
    """Return where the tokens begin to repeat, if the last 4 s are nothing but one period; else None.

    What comes before that index is to be kept: it has the circle once.
    """
    if len(tokens) < _WINDOW:
        return None
    recent = tokens[-_WINDOW:]
    for period in range(1, _LONGEST_PERIOD + 1):
        if recent[period:] == recent[:-period]:
            return _first_repeat(tokens, period)
    return None


def _first_repeat(tokens: Sequence[int], period: int) -> int:
    start = len(tokens) - _WINDOW
    while start > 0 and tokens[start - 1] == tokens[start - 1 + period]:
        start -= 1
    return start + period
