"""Ours reads a checkpoint's tokenizer files as stock's ``AutoTokenizer`` does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from synthetic.tokenizer import VOCABULARY, write_tokenizer
from worker.engine.chatterbox.tokenizer import TextTokenizer
from worker.engine.chatterbox.upstream import without_warnings
from worker.text.tags import PARALINGUISTIC_TAGS

END = "<|endoftext|>"
PIECES = st.one_of(st.text(), st.sampled_from([*PARALINGUISTIC_TAGS, END, "[ sigh]", "  ", "\n", " 's "]))


def number_the_tokens(directory: Path) -> None:
    """Move the added tokens to where newer versions of transformers write them, with flags of all kinds."""
    file = directory / "tokenizer_config.json"
    config = json.loads(file.read_text())
    flags = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": True, "special": False}
    tags = {str(50_257 + index): {**flags, "content": tag} for index, tag in enumerate(PARALINGUISTIC_TAGS)}
    tags["50257"]["lstrip"] = tags["50258"]["rstrip"] = tags["50259"]["single_word"] = True
    tags["50256"] = {**flags, "content": END, "special": True}
    file.write_text(json.dumps({**config, "add_prefix_space": True, "added_tokens_decoder": tags}))


@pytest.fixture(scope="module", params=["added_tokens.json", "added_tokens_decoder"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TextTokenizer, Any]:
    directory = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(directory)
    if request.param == "added_tokens_decoder":
        number_the_tokens(directory)
    with without_warnings():
        return TextTokenizer(directory, VOCABULARY), AutoTokenizer.from_pretrained(directory)


@given(pieces=st.lists(PIECES, max_size=6))
def test_any_text_has_the_same_tokens(both: tuple[TextTokenizer, Any], pieces: list[str]) -> None:
    ours, stocks = both
    text = "".join(pieces)
    assert ours(text) == stocks(text).input_ids


@pytest.mark.parametrize("tag", PARALINGUISTIC_TAGS)
def test_a_tag_has_the_same_token(both: tuple[TextTokenizer, Any], tag: str) -> None:
    ours, stocks = both
    assert ours(f"Well, {tag} so.") == stocks(f"Well, {tag} so.").input_ids


def test_there_are_as_many_tokens(both: tuple[TextTokenizer, Any]) -> None:
    ours, stocks = both
    assert len(ours) == len(stocks) == VOCABULARY
