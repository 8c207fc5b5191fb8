"""Text chunks: short enough, cut where a speaker would pause, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.chunks import FIRST_CHUNK_CHARACTERS, MAX_CHUNK_CHARACTERS, split_text
from worker.text.normalize import normalize_text
from worker.text.tags import TAG, without_tags

WORDS = st.sampled_from(
    [
        "Hello",
        "there.",
        "Dr.",
        "Smith",
        "3.14",
        "e.g.",
        "[laugh]",
        "[clear throat]",
        "why?",
        "so,",
        "語。",
        "—",
        "end!",
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One. Two."]),
        ("A first sentence here. " + "B" * 110 + ".", ["A first sentence here.", "B" * 110 + "."]),
        (
            "Dr. Smith paid $3.50 at 9 a.m. for it, e.g. in cash. Then he left.",
            ["Dr. Smith paid $3.50 at 9 a.m. for it, e.g. in cash. Then he left."],
        ),
    ],
)
def test_splits_as_a_speaker_would(text, expected):
    assert split_text(text) == expected


def test_an_abbreviation_does_not_end_a_sentence():
    text = "It was Dr. Smith who came. " * 8
    assert all(chunk.endswith("came.") for chunk in split_text(text.strip()))


def test_the_first_chunk_is_short():
    text = "This is a sentence of some fifty characters or so. " * 10
    first, *rest = split_text(text.strip())
    assert len(first) <= FIRST_CHUNK_CHARACTERS
    assert max(map(len, rest)) > FIRST_CHUNK_CHARACTERS


def test_a_long_first_sentence_is_cut_at_a_clause():
    text = "When the ship came in at last, " + "and the crowd cheered, " * 12 + "we left."
    assert split_text(text)[0].endswith(",")
    assert len(split_text(text)[0]) <= FIRST_CHUNK_CHARACTERS


def test_scripts_without_spaces_are_split_too():
    text = "今日はとても良い天気です。" * 60
    chunks = split_text(text)
    assert "".join(chunks) == text
    assert all(chunk.endswith("。") for chunk in chunks)


def test_a_word_without_end_is_cut():
    assert "".join(split_text("x" * 2000)) == "x" * 2000


@given(st.lists(WORDS, max_size=200).map(" ".join) | st.text(max_size=1500))
def test_nothing_is_lost_and_nothing_is_too_long(text):
    normal = normalize_text(text)
    chunks = split_text(normal)
    assert "".join("".join(chunks).split()) == "".join(normal.split())
    assert all(0 < len(chunk) <= MAX_CHUNK_CHARACTERS for chunk in chunks)
    assert [tag for chunk in chunks for tag in TAG.findall(chunk)] == TAG.findall(normal)


def test_tags_are_taken_out_whole():
    assert without_tags("[laugh] Well, [clear throat] yes.") == "Well, yes."
