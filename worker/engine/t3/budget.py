"""How many speech tokens a text may take before it must be a runaway."""

from worker.engine.t3.slots import MAX_SPEECH_TOKENS

_FLOOR = 150
_PER_CHARACTER = 5


def token_budget(text: str) -> int:
    """Return the most speech tokens for a text: 6 s and then 0.2 s a character, at most stock's 40 s.

    Slow speech takes half of that, and the floor leaves room for a short text with laughter or a
    long pause.
    """
    return min(MAX_SPEECH_TOKENS, _FLOOR + _PER_CHARACTER * len(text))
