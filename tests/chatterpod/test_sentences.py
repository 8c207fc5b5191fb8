"""Text in, sentences out, and never a character lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatterpod.sentences import SentenceCutter

WRITING = st.text(st.one_of(st.sampled_from(list("ab A1.!?…,;\n\"')。！ *-")), st.characters()), max_size=300)


def cut(*pieces: str, longest: int = 400) -> list[str]:
    cutter = SentenceCutter(longest)
    sentences = [sentence for piece in pieces for sentence in cutter.feed(piece)]
    rest = cutter.flush()
    assert cutter.flush() == ""
    return [*sentences, rest] if rest else sentences


@given(WRITING, st.integers(1, 60))
def test_nothing_is_lost_added_or_too_long(text: str, longest: int) -> None:
    sentences = cut(text, longest=longest)
    assert "".join(sentences) == text
    assert all(0 < len(sentence) <= longest for sentence in sentences)


@given(WRITING, st.lists(st.integers(0, 300), max_size=8), st.integers(5, 400))
def test_how_the_text_is_cut_into_pieces_changes_nothing(text: str, cuts: list[int], longest: int) -> None:
    at = sorted({0, len(text), *(min(each, len(text)) for each in cuts)})
    pieces = [text[begin:end] for begin, end in pairwise(at)]
    assert cut(*pieces, longest=longest) == cut(text, longest=longest)


@given(WRITING)
def test_every_sentence_but_the_last_can_be_spoken(text: str) -> None:
    assert all(any(map(str.isalnum, sentence)) for sentence in cut(text)[:-1])


@pytest.mark.parametrize(
    "sentences",
    [
        ["Hello there. ", "How are you? ", "Fine!"],
        ["It costs $3.50 today. ", "See you at 3.14 Main St. on Monday."],
        ["Dr. Smith met J. R. Hart, i.e. Rob. ", "They left."],
        ["He arrived at 5 p.m. on Monday. ", "Then he left."],
        ['She said "Stop." ', "He did not."],
        ["(It rained.) ", "We stayed."],
        ["Wait... what? ", "Yes."],
        ["No way?! ", "Yes!!"],
        ["Did he? ", "No. ", "Not even I. ", "Well."],
        ["1. Wash it.\n", "2. Dry it."],
        ["A heading\n", "And a text that\ngoes on."],
        ["a list\n\n", "of lines"],
        ["- 😀 - Hello. ", "😀 Bye."],
        ["你好。", "再见！", "好"],
        ["**Bold.** ", "Plain."],
        ["Is it 3? ", "42 it is."],
        ["Mail a@example.com or see example.org now. ", "Thanks."],
    ],
    ids=lambda sentences: sentences[0].strip(),
)
def test_it_is_cut_where_a_sentence_ends(sentences: list[str]) -> None:
    assert cut("".join(sentences)) == sentences


def test_a_sentence_is_given_once_the_next_one_begins() -> None:
    cutter = SentenceCutter()
    assert list(cutter.feed("One. ")) == []
    assert list(cutter.feed("T")) == ["One. "]


def test_a_sentence_without_an_end_is_cut_at_a_clause_else_at_a_word() -> None:
    assert cut("one two three, four five six", longest=20) == ["one two three, ", "four five six"]
    assert cut("one two three four five six", longest=20) == ["one two three four ", "five six"]
    assert cut("x" * 45, longest=20) == ["x" * 20, "x" * 20, "x" * 5]


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="longest"):
        SentenceCutter(0)
