"""The synthetic checkpoint has the real one's form, and never overwrites anything else."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from synthetic.checkpoint import MARKER_FILE, small_gpt2_medium, write_synthetic_checkpoint
from synthetic.stock import LLAMA_CONFIGS
from synthetic.tokenizer import write_tokenizer
from worker.engine.chatterbox.upstream import without_warnings
from worker.engine.checkpoint import find_checkpoint, missing_files
from worker.text.tags import PARALINGUISTIC_TAGS


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(directory)
    with without_warnings():
        return AutoTokenizer.from_pretrained(directory)


class TestTokenizer:
    def test_has_turbos_length(self, tokenizer: Any) -> None:
        assert len(tokenizer) == 50_276

    @pytest.mark.parametrize("tag", PARALINGUISTIC_TAGS)
    def test_a_tag_is_one_token(self, tokenizer: Any, tag: str) -> None:
        before, token, *_ = tokenizer(f"x{tag}y").input_ids
        assert tokenizer.decode([token]) == tag
        assert before < 50_257 <= token

    @given(st.text())
    def test_any_text_round_trips(self, tokenizer: Any, text: str) -> None:
        assert tokenizer.decode(tokenizer(text).input_ids, clean_up_tokenization_spaces=False) == text

    def test_letters_go_in_pairs(self, tokenizer: Any) -> None:
        text = "somewords"
        assert len(tokenizer(text).input_ids) == math.ceil(len(text) / 2)


class TestWriting:
    def test_is_found_as_a_complete_checkpoint(self, small_checkpoint: Path) -> None:
        assert missing_files(small_checkpoint) == []
        assert find_checkpoint(small_checkpoint) == small_checkpoint

    def test_says_what_it_is(self, small_checkpoint: Path) -> None:
        assert "not speech" in (small_checkpoint / MARKER_FILE).read_text()

    def test_leaves_nothing_beside_it(self, small_checkpoint: Path) -> None:
        assert [path.name for path in small_checkpoint.parent.iterdir()] == ["small"]

    def test_refuses_a_directory_of_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "precious.txt").write_text("mine")
        with pytest.raises(FileExistsError, match="left unchanged"):
            write_synthetic_checkpoint(tmp_path, t3="small")
        assert (tmp_path / "precious.txt").read_text() == "mine"

    def test_a_failure_leaves_no_half_checkpoint(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError("no space left")

        monkeypatch.setattr("synthetic.checkpoint.save_file", fail)
        with pytest.raises(OSError, match="no space"):
            write_synthetic_checkpoint(tmp_path / "new", t3="small")
        assert list(tmp_path.iterdir()) == []

    def test_every_weight_is_finite(self, stock: Any) -> None:
        for module in (stock.t3, stock.s3gen, stock.ve):
            assert all(torch.isfinite(parameter).all() for parameter in module.parameters())


def test_the_small_sizes_are_put_back_even_after_a_failure() -> None:
    full = LLAMA_CONFIGS["GPT2_medium"]
    with pytest.raises(ZeroDivisionError), small_gpt2_medium():
        LLAMA_CONFIGS["GPT2_medium"]["n_layer"] / 0
    assert LLAMA_CONFIGS["GPT2_medium"] is full
