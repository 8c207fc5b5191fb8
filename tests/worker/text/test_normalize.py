"""Normalisation: one line, composed, no control characters, no lost word."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.normalize import clean_text, is_speakable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello\n\n  there\t! ", "Hello there !"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth", "zero width"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("soft\u00adhyphen", "soft hyphen"),
        ("[laugh]  Well.", "[laugh] Well."),
    ],
)
def test_normal_form(text, expected):
    assert clean_text(text) == expected


@given(st.text())
def test_is_idempotent_and_keeps_every_letter_and_digit(text):
    normal = clean_text(text)
    assert clean_text(normal) == normal
    composed = unicodedata.normalize("NFC", text)
    assert [each for each in composed if each.isalnum()] == [each for each in normal if each.isalnum()]


@pytest.mark.parametrize(
    ("text", "speakable"),
    [("a", True), ("[laugh]", False), ("語", True), ("7", True), ("…!?", False), ("🙂", False)],
)
def test_only_letters_and_digits_can_be_spoken(text, speakable):
    assert is_speakable(text) is speakable
