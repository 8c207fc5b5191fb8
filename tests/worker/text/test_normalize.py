"""Normalisation: one line, composed, no control characters, no lost word."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.characters import INVISIBLE, JOINERS, plain_characters, whole_characters
from worker.text.draft import Draft
from worker.text.normalize import clean_text, is_speakable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello\n\n  there\t! ", "Hello there !"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("cafe\u0301", "café"),
        ("zero\u200bwid\u2060th\ufeff", "zerowidth"),
        ("\u202aleft\u200e to \u200fright\u202c", "left to right"),
        ("a\u200db \u2764\ufe0f 1\ufe0f\u20e3", "ab \u2764 1"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("soft\u00adhyphen", "softhyphen"),
        ("[laugh]  Well.", "[laugh] Well."),
    ],
)
def test_normal_form(text, expected):
    assert clean_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a \x1b[1;31mred\x1b[0m word", "a red word"),
        ("\x1b]8;;https://a.b\x07a link\x1b]8;;\x1b\\.", "a link."),
        ("\x1b]0;a title", " ]0;a title"),
        ("ends in \x1b", "ends in  "),
        ("It\x92s \x93so\x94 \x96 5 \x80\x85", "It’s “so” – 5 €…"),
        ("no \x81 character", "no   character"),
        ("\ud83d\ude00 and \ud83d or \ude00", "😀 and   or  "),
        ("nul\x00bell\x07del\x7f", "nul bell del "),
        ("a\tb\r\nc\fd", "a\tb\r\nc\fd"),
    ],
)
def test_control_characters_become_what_was_meant(text, expected):
    assert _mended(text) == expected


def _mended(text):
    return plain_characters(Draft(whole_characters(text)), fold=False).text


CONTROLS = st.text("\x1b[]0;1m\x07\\ax\x92\x81\ud83d\ude00\n", max_size=60)


@given(CONTROLS | st.text())
def test_a_mended_text_is_whole_unicode_and_stays_as_it_is(text):
    once = _mended(text)
    assert _mended(once) == once
    once.encode()


@given(st.text())
def test_is_idempotent_and_keeps_every_letter_and_digit(text):
    normal = clean_text(text)
    assert clean_text(normal) == normal
    composed = unicodedata.normalize("NFC", JOINERS.sub("", INVISIBLE.sub("", text)))
    assert [each for each in composed if each.isalnum()] == [each for each in normal if each.isalnum()]


@pytest.mark.parametrize(
    ("text", "speakable"),
    [("a", True), ("[laugh]", False), ("語", True), ("7", True), ("…!?", False), ("🙂", False)],
)
def test_only_letters_and_digits_can_be_spoken(text, speakable):
    assert is_speakable(text) is speakable
