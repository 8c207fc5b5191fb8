"""Numbers in every spelling, and rules that stay quick and quiet whatever figures they meet."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.text.chunks import split_text
from worker.text.english.words import NUMBER, cardinal, digits, number, spelt
from worker.text.normalize import rules_for
from worker.text.reading import read_aloud
from worker.text.sentences import LONGEST_SENTENCE

MARKS = [",", ".", "'", "’", "\N{THIN SPACE}", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"]
SIGNS = """
0 1 2 12 007 300 2024 90s 5K 3M 1h 30m kg m³ /h °C % $ € £ ¢ FY Q3 th ST ² ⁶ ⁻ ½ ^ x × *
= ± ~ # ' ’ " [ ] ( ) , . : ; - – — / John Ps. Cor Mar May II the code is call dial or and
apt. room to No. c. a.m. pm v e E A z ٣
"""
FRAGMENTS = [*SIGNS.split(), " ", "  ", "\N{THIN SPACE}", "\n"]


def _said(text):
    return " ".join(chunk.text for chunk in split_text(text))


@pytest.mark.parametrize("mark", MARKS)
@given(value=st.integers(1_000_000, 10**15 - 1))
def test_millions_are_read_alike_with_any_mark_between_the_thousands(mark, value):
    written = f"{value:,}".replace(",", mark)
    assert re.fullmatch(NUMBER, written)
    assert number(written) == cardinal(value)


@given(value=st.integers(1_000, 10**12), cents=st.integers(0, 99))
def test_a_comma_or_a_dot_may_begin_the_decimals(value, cents):
    english = f"{value:,}.{cents:02}"
    continental = english.translate(str.maketrans(",.", ".,"))
    assert digits(english) == digits(continental) == f"{value}.{cents:02}"


@settings(max_examples=30)
@given(
    lead=st.sampled_from(["Your code is {}.", "{} is your PIN.", "It is order #{}.", "My OTP: {}!"]),
    code=st.from_regex(r"[0-9]{3,7}[1-9]", fullmatch=True),
)
def test_a_code_is_read_digit_by_digit(lead, code):
    assert spelt(code) in _said(lead.format(code))


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_no_rule_fails_or_loses_a_word_whatever_the_figures(text):
    for rule in rules_for("en", normalize=True):
        for match in rule.pattern.finditer(text):
            spoken = rule.speak(match)
            assert spoken is None or rule.drops or not rule.loses_words(match.group(), spoken)


@pytest.mark.parametrize(
    "fragment", ["1", "1 ", "12 345 ", "1,", "1.", "1/", "1-", "1k-", "112, ", "90s and ", "1h "]
)
def test_the_longest_sentence_of_figures_is_read_to_its_end(fragment):
    text = fragment * (LONGEST_SENTENCE // len(fragment))
    pieces = read_aloud(text, rules_for("en", normalize=True))
    assert pieces[-1].end == len(text)
