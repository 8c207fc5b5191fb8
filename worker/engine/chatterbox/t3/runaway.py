"""Runaway speech: a token model that has lost its text repeats itself or never stops."""

from collections.abc import Sequence

from worker.engine.chatterbox.t3.slots import MAX_SPEECH_TOKENS

_FLOOR = 150
_PER_CHARACTER = 5


def token_budget(text: str) -> int:
    """Return the upper bound of a text's speech tokens: 6 s plus 0.2 s per character, up to stock's 40 s.

    Slow speech takes half of that. The 6 s leave room for a short text with laughter or a long pause.
    """
    return min(MAX_SPEECH_TOKENS, _FLOOR + _PER_CHARACTER * len(text))


_LONGEST_PERIOD = 25
"""Speech tokens, 1 s: repetitions with a longer period end at the token budget."""

_WINDOW = 100
"""Speech tokens, 4 s: longer than any pause or laugh in a text chunk."""


def circling_from(tokens: Sequence[int]) -> int | None:
    """Return the index where the tokens start to repeat, if the last 4 s repeat one period; else None.

    The tokens before that index contain the period once, and should be kept.
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
