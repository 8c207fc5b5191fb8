"""Punctuation is stock's ``punc_norm``, for any text that says something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.engine.chatterbox.tokenizer import punc_norm
from worker.engine.chatterbox.upstream import without_warnings

with without_warnings():
    from chatterbox.tts_turbo import punc_norm as stocks

MARKS = st.sampled_from([*"…:—–“”‘’,.!?- \n\tßaÉ", " ,", " :", "… ,"])


@given(st.lists(st.one_of(MARKS, st.text()), min_size=1).map("".join).filter(bool))
def test_any_text_becomes_what_stock_makes_of_it(text: str) -> None:
    assert punc_norm(text) == stocks(text)


@pytest.mark.parametrize("text", ["hello there: this is “short”", " ,a", "ﬁne", "a -"])
def test_a_text_becomes_what_stock_makes_of_it(text: str) -> None:
    assert punc_norm(text) == stocks(text)
