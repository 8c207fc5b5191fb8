"""Real prose, cut anywhere, in any case, joined at odd places: nothing fails, and no word is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.chunks import split_text
from worker.text.normalize import rules_for
from worker.text.undone import undone_rules

PROSE = {
    path.stem: path.read_text("utf-8") for path in sorted(Path(__file__).with_name("prose").glob("*.txt"))
}
WORD = re.compile(r"[^\W\d_]+")
LONGEST_SLICE = 800

VOCABULARY = {word for rule in rules_for("en", normalize=True) for word in WORD.findall(rule.vocabulary)} | {
    "e",
    "s",
}
"""What some rule names, and may put into other words."""
NUMERAL = re.compile(r"[ivxlcdm]+[a-e]?")


@st.composite
def slices(draw):
    text = draw(st.sampled_from(list(PROSE.values())))
    start = draw(st.integers(0, len(text) - 1))
    return text[start : start + draw(st.integers(1, LONGEST_SLICE))]


CASES = st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase])
JOINTS = st.sampled_from(
    ["", " ", "\n", "\n\n", "-", ".", "\N{EM DASH}", " 5 ", "$", "*", "<", " II ", "\u00ad"]
)
ODD_TEXTS = st.builds(
    lambda first, joint, second, case: case(first + joint + second), slices(), JOINTS, slices(), CASES
)


def _other_words(text) -> Iterator[str]:
    """Yield the words that no rule names, folded, without numerals."""
    for word in WORD.findall(text.casefold()):
        if word not in VOCABULARY and not NUMERAL.fullmatch(word):
            yield word


def _is_in_order_in(words, others) -> bool:
    """Whether ``others`` has all of ``words`` in their order, maybe with some between them."""
    rest = iter(others)
    return all(word in rest for word in words)


@given(ODD_TEXTS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_rule_fails_and_no_word_is_lost(language, text):
    before = undone_rules()
    chunks = list(split_text(text, language=language))
    assert undone_rules() == before
    said = " ".join(chunk.text for chunk in chunks)
    assert _is_in_order_in(_other_words(text.replace("\u00ad", "")), WORD.findall(said.casefold()))
    said.encode()  # as engines do


@given(ODD_TEXTS)
def test_spans_are_in_order_and_between_them_nothing_can_be_said(text):
    position = 0
    for chunk in split_text(text):
        assert position <= chunk.start < chunk.end <= len(text)
        assert not any(map(str.isalnum, text[position : chunk.start]))
        position = chunk.end
    assert not any(map(str.isalnum, text[position:]))


@pytest.mark.parametrize("name", PROSE)
def test_the_pronoun_stays_what_it_is(name):
    said = " ".join(chunk.text for chunk in split_text(PROSE[name]))
    assert len(re.findall(r"\bI\b", said)) == len(re.findall(r"\bI\b", PROSE[name]))


@given(ODD_TEXTS)
def test_rules_that_are_tried_only_where_there_are_figures_read_nothing_else(text):
    without = re.sub(r"\d", "", text)
    for rule in rules_for("en", normalize=True):
        assert rule.needs is None or not rule.pattern.search(without), rule.name
