"""A rule can never fail a request, nor lose a word: where it fails, its text is spoken as it was written."""

import re
import time
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_lines import log_lines

from worker.text.normalize import rules_for
from worker.text.reading import Rule, SpokenPiece, joined, read_aloud
from worker.text.undone import undone_rules


def _raise(_):
    raise ZeroDivisionError("five apples")


def _rule(pattern, speak, **options):
    return Rule(f"a rule {uuid4()}", re.compile(pattern), speak, **options)


NUMBER = Rule("number", re.compile(r"\d+"), lambda _: "some")


@pytest.mark.parametrize(
    ("pattern", "speak"),
    [
        (r"\d+ apples", _raise),
        (r"\d+ apples", lambda _: ""),
        (r"\d+ apples", lambda _: " , "),
        (r"\d+ \w+", lambda _: "some fruit"),
        (r"apples and (?P<other>\w+)", lambda _: "apples and"),
        (r"pears|apples", lambda _: ""),
    ],
)
def test_what_a_failing_rule_matched_is_spoken_as_written_counted_and_logged_once(pattern, speak):
    rule = _rule(pattern, speak)
    text = "He has 5 apples and pears."
    with log_lines() as lines:
        for _ in range(3):
            assert joined(read_aloud(text, [rule])) == text
    assert undone_rules()[rule.name] >= 3
    assert [line["rule"] for line in lines] == [rule.name]
    assert "apples" not in str(lines)


def test_a_later_rule_sees_what_a_failing_one_matched():
    assert (
        joined(read_aloud("He has 5 apples.", [_rule(r"\d+ apples", _raise), NUMBER]))
        == "He has some apples."
    )


def test_a_rule_that_failed_goes_on_behind_its_match():
    rule = _rule(r"\d+", lambda match: str(1 // (int(match.group()) - 12)) + "!")
    assert joined(read_aloud("12 and 13", [rule])) == "12 and 1!"


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("5 km", _rule(r"(?P<n>\d+) km\b", lambda _: "five kilometers")),
        ("8 am", _rule(r"\d+ [ap]m\b", lambda _: "eight A M")),
        ("Act XIV", _rule(r"Act (?P<n>[XVI]+)", lambda _: "Act fourteen", replaces="[XVI]+")),
        ("CAFÉ 5", _rule(r"\w+ \d", lambda _: "café five")),
        ("said 12", _rule(r" \d+", lambda _: "", drops=True)),
        ("a & b", _rule(r"\s&\s", lambda _: " ")),
    ],
)
def test_a_word_may_be_put_into_others_by_a_rule_that_names_it(written, rule):
    spoken = joined(read_aloud(written, [rule]))
    assert spoken != written
    assert rule.name not in undone_rules()


@given(
    st.text(max_size=60),
    st.lists(
        st.builds(
            _rule,
            st.sampled_from([r"\w+", r"\d", r"[a-m]+ ?", r"\W+", r"^.", r"", r".*", r"(?<=a)b|\s"]),
            st.sampled_from(
                [_raise, lambda _: None, lambda _: "", lambda _: "x", lambda match: match.group() * 2]
            ),
            drops=st.booleans(),
        ),
        max_size=5,
    ),
)
def test_pieces_are_in_order_and_cover_the_text_whatever_the_rules_do(text, rules):
    pieces = read_aloud(text, rules)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(
        piece == SpokenPiece(piece.start, piece.end, text[piece.start : piece.end], is_verbatim=True)
        for piece in pieces
        if piece.is_verbatim
    )


PARTS = st.sampled_from(
    [
        *r"""
        x 7 . - ' " [ ( * a. 1. 1- @ | & # $ _ ` / : , I V X II, I- M. A. a1 1a 1, 1: 1/ 1.1 $1 $1, £ % ° ² 1e
        x^ https://a a@b. a.b. Mr. St. No. Mon- Mon, Jan- and I, A 1st, Act p. page 12: 1h 1m 5' 1" -1 +1 a-a
        1-1- 1_1 (1) ((1 a/b/ #a <a &a \frac{ $a ** _a_ ``` ~~ --- |--- [a]( ![ Mar May p.m. 5pm 10^ 10⁶ H₂ ⅓
        Ⅳ ½ 1½ 12- 123- 1,000, 1.000. 00 9: 12/3/ 2024- 2024-01- $1k 1k- 1bn £1- A1- AB12 FY20 Q1
        John 3:16 911,
        """.split(),  # noqa: SIM905
        *(" ", "\n", "I ", "A ", "1 ", "- ", "| ", "> ", "1 000 ", "a "),
    ]
)
LENGTHS = (12, 18, 24, 30, 60, 250, 1_000)
SECONDS_A_CHARACTER = 0.001
"""Thirty times what the slowest of these texts takes."""


@settings(max_examples=40)
@given(st.lists(PARTS, min_size=1, max_size=4).map("".join))
def test_no_rule_takes_long_for_any_text_that_goes_on_and_on(unit):
    rules = rules_for("en", normalize=True)
    # The lengths rise by steps, so that a pattern whose time doubles with each character fails early.
    for length in LENGTHS:
        text = (unit * length)[:length]
        began = time.thread_time()
        read_aloud(text, rules)
        assert time.thread_time() - began < 0.05 + length * SECONDS_A_CHARACTER
