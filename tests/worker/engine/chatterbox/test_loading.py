"""The loaded encoders are stock's to the last tensor; damaged files are named."""

from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from worker.engine.chatterbox.encoders import VoiceEncoders
from worker.engine.chatterbox.loading import load_model
from worker.engine.chatterbox.uninitialized import Uninitialized
from worker.engine.checkpoint import S3GEN_FILE, T3_FILE, VOICE_ENCODER_FILE
from worker.errors import EngineFailure

CPU = torch.device("cpu")


def all_tensors(root: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return parameters, buffers (persistent or not) and tensors that are plain attributes."""
    found = dict(root.named_parameters()) | dict(root.named_buffers())
    for path, module in root.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor):
                found[f"{path}.{name}"] = value
    return found


@pytest.fixture(scope="module")
def encoders(small_checkpoint: Path) -> VoiceEncoders:
    return VoiceEncoders(small_checkpoint, CPU)


@pytest.mark.parametrize(
    ("ours", "stocks"),
    [
        ("speech_tokenizer", "s3gen.tokenizer"),
        ("x_vector_encoder", "s3gen.speaker_encoder"),
        ("voice_encoder", "ve"),
    ],
    ids=lambda name: name,
)
def test_every_tensor_of_the_encoders_equals_stocks(
    encoders: VoiceEncoders, stock: Any, ours: str, stocks: str
) -> None:
    module = getattr(encoders, ours)
    loaded, expected = all_tensors(module), all_tensors(attrgetter(stocks)(stock))
    assert loaded.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(loaded[name], tensor), name
        assert loaded[name].dtype == tensor.dtype, name
    assert all(parameter.data_ptr() % 64 == 0 for parameter in module.parameters())
    assert not any(part.training for part in module.modules())
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_tables_that_no_checkpoint_holds_are_made(encoders: VoiceEncoders) -> None:
    assert "encoder.freqs_cis" in all_tensors(encoders.speech_tokenizer)


def test_half_precision_weights_are_widened(altered_checkpoint: Path) -> None:
    file = altered_checkpoint / VOICE_ENCODER_FILE
    halves = {name: tensor.half() for name, tensor in load_file(file).items()}
    file.unlink()
    save_file(halves, file)
    loaded = VoiceEncoders(altered_checkpoint, CPU).voice_encoder
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", [T3_FILE, S3GEN_FILE, VOICE_ENCODER_FILE])
def test_a_file_that_is_cut_off_is_named(altered_checkpoint: Path, name: str) -> None:
    file = altered_checkpoint / name
    with file.open("rb") as whole:
        beginning = whole.read(1_000_000)
    file.unlink()
    file.write_bytes(beginning)
    with pytest.raises(EngineFailure, match=rf"{name} is damaged .* download it again") as caught:
        load_model(altered_checkpoint, CPU)
    assert str(file) in caught.value.message


@pytest.mark.parametrize(
    ("load", "name"), [(load_model, T3_FILE), (load_model, S3GEN_FILE), (VoiceEncoders, VOICE_ENCODER_FILE)]
)
def test_a_file_of_another_model_is_named(altered_checkpoint: Path, load: Any, name: str) -> None:
    file = altered_checkpoint / name
    file.unlink()
    save_file({"something.else": torch.zeros(3)}, file)
    with pytest.raises(EngineFailure, match=name) as caught:
        load(altered_checkpoint, CPU)
    assert "\n" not in caught.value.message


def test_a_tokenizer_without_the_tags_is_refused(altered_checkpoint: Path) -> None:
    (altered_checkpoint / "added_tokens.json").unlink()
    (altered_checkpoint / "added_tokens.json").write_text("{}")
    with pytest.raises(EngineFailure, match="has 50257 tokens where T3 has 50276"):
        load_model(altered_checkpoint, CPU)


def test_a_damaged_tokenizer_is_named(altered_checkpoint: Path) -> None:
    (altered_checkpoint / "vocab.json").unlink()
    (altered_checkpoint / "vocab.json").write_text("{")
    with pytest.raises(EngineFailure, match=r"tokenizer in .* cannot be read"):
        load_model(altered_checkpoint, CPU)


class TestUninitialized:
    def test_skips_random_fills_and_keeps_computed_ones(self) -> None:
        draws = torch.get_rng_state()
        with Uninitialized():
            norm = torch.nn.LayerNorm(8)
            torch.nn.Linear(8, 8)
            torch.nn.init.trunc_normal_(torch.zeros(8))
        assert torch.equal(torch.get_rng_state(), draws)
        assert torch.equal(norm.weight, torch.ones(8))

    def test_ends_with_its_block(self) -> None:
        with Uninitialized():
            pass
        assert torch.zeros(8).uniform_(1, 2).min() >= 1
