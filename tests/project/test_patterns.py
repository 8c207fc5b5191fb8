"""No regular expression of the project takes more than linear time for any text, and none is overlooked."""

import re
import time
from collections import deque

import pytest
from ambiguity import attacks, own_units
from patterns import files_with_calls, is_searched, patterns, ways_around

from voices_cli.books import headings
from worker.text.english.numerals import CANONICAL, JOINT
from worker.text.english.words import DASH
from worker.text.normalize import rules_for

pytestmark = pytest.mark.slow

MADE_WHEN_CALLED = {
    "chatterpod/thoughts.py: re.escape(self._closing)": [re.escape("</think>")],
    "voices_cli/books/headings.py: _ROMAN": [headings._ROMAN],
    "voices_cli/books/markdown.py: between": [r"\n[ \t]*-[ \t]+|,[ \t]*", r"\n"],
    r"worker/engine/machine.py: f'^{name}:?\\s+(\\d+)'": [r"(?m)^MemTotal:?\s+(\d+)"],
    r"worker/server/failures.py: f'^{param}\\b'": [r"^text\b"],
    "worker/text/english/codes.py: DASH": [DASH],
    "worker/text/english/numerals.py: f'({JOINT})'": [f"({JOINT})"],
    "worker/text/english/numerals.py: CANONICAL": [CANONICAL],
    "worker/text/reading.py: self.replaces": sorted(
        {rule.replaces for name in ("en-US", "en-GB", "de") for rule in rules_for(name, normalize=True)}
    ),
    "worker/text/thoughts.py: re.escape(self._closing)": [re.escape("</think>")],
}
"""What only running a call would tell."""
SHORT = {
    "worker/text/sentences.py: _LAST_WORD": 24,
    "worker/text/english/decades.py: _BEFORE_DECADE": 60,
}
"""Patterns that are given the end of a text alone, of so many characters."""
ENDS = ("", "!")
MANY = 5_000
TIMES = (*range(10, 32, 2), 60, 1_000, MANY, 4 * MANY)
"""They rise by steps, so that a pattern whose time doubles with each repetition is seen early."""
LONGEST = 40_000
OWN_UNITS = 5
"""Of the characters of a pattern so many are tried, from its first to its last."""
SECONDS_A_CHARACTER = 15e-6
"""Five times what the slowest pattern takes; where the time grows with the square, it is twice that."""


def _is_slow(pattern, unit, prefix="", end="", call=None):
    """Whether the pattern takes long for so many units; once may be the machine's fault."""
    return all(_takes_long(pattern, unit, prefix, end, call) for _ in range(2))


def _takes_long(pattern, unit, prefix, end, call):
    for times in TIMES:
        text = prefix + unit * min(times, LONGEST // len(unit)) + end
        text = text[-SHORT.get(str(call), len(text)) :]
        seconds = _seconds(pattern, text, call)
        if seconds > 0.01 + len(text) * SECONDS_A_CHARACTER:
            return True
        if times == MANY and seconds < len(text) * SECONDS_A_CHARACTER / 8:
            return False  # four times as many may take four times as long for each
    return False


def _seconds(pattern, text, call):
    written = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
    began = time.thread_time()
    if call is None or is_searched(call):
        deque(pattern.finditer(written), 0)
    else:
        pattern.match(written)
        pattern.fullmatch(written)
    return time.thread_time() - began


def _slow_texts(pattern, call=None):
    """Yield what was made against the pattern and makes it slow."""
    for prefix, unit in dict.fromkeys(attacks(pattern, is_searched=call is None or is_searched(call))):
        for end in ENDS:
            if _is_slow(pattern, unit, prefix, end, call):
                yield prefix, unit, end


def _made_in(path):
    """Yield the calls in a file, each with a pattern."""
    for call, made in patterns().items():
        if call.path == path:
            for pattern in made or map(re.compile, MADE_WHEN_CALLED[str(call)]):
                yield call, pattern


def test_each_call_of_re_has_a_pattern_that_is_known():
    assert ways_around() == []
    assert {str(call) for call, made in patterns().items() if not made} == set(MADE_WHEN_CALLED)
    assert {str(call) for call in patterns()} >= set(SHORT)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", files_with_calls())
def test_no_pattern_is_slow_for_texts_that_were_made_against_it(path):
    assert [
        (str(call), each) for call, pattern in _made_in(path) for each in _slow_texts(pattern, call)
    ] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", files_with_calls())
def test_no_pattern_is_slow_for_its_own_characters_again_and_again(path):
    slow = [
        (str(call), unit)
        for call, pattern in _made_in(path)
        for units in [own_units(pattern)]
        for unit in units[:: len(units) // OWN_UNITS + 1]
        if _is_slow(pattern, unit, call=call)
    ]
    assert slow == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(?:a|a)*b",
        r"(?:a*)*b",
        r"(?:\d{1,3},?)+x",
        r"(?:ab|a|b)+c",
        r"^(?:[-*]+\s*)+$",
        r"^[ \t]*(?:\|[ \t]*)?(?::?-+:?[ \t]*\|?[ \t]*)+$",
        r"(?=(?:\w+\s?)+!)\w",
        r"a*a*b",
        r"\s+$",
        r"\s++x",
        r"(?m)^\s*x",
        r"(?:^|[-_])foot\w*\d",
        r"\b.*:",
    ],
)
def test_a_pattern_that_takes_more_than_linear_time_is_found(pattern):
    assert next(_slow_texts(re.compile(pattern)), None)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<!\s)\s++x",
        r"\b\w+\b;",
        r"^\s+$",
        r"(?<![\d,])(?:\d{3},)+x",
        r"(?>(?<!\d)\d+)a",
        r"(?<![ab])(?:a++b?+)*+c",
        r"(?m)^[ \t]*x",
    ],
)
def test_a_pattern_that_takes_linear_time_is_not_suspected(pattern):
    assert not list(_slow_texts(re.compile(pattern)))
