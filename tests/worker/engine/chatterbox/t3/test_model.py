"""The network is read from its file's names and shapes, and says what is wrong with another's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from t3_speech import Spoken

from worker.engine.chatterbox.t3.model import T3, T3Sizes
from worker.engine.precision import T3Precision

CPU = torch.device("cpu")


def test_the_sizes_are_the_tensors(t3: T3) -> None:
    assert t3.sizes == T3Sizes(
        layers=2, width=128, heads=2, positions=8196, text_vocabulary=50_276, speech_vocabulary=6563
    )
    assert (t3.sizes.start_token, t3.sizes.stop_token) == (6561, 6562)


def test_the_embedded_input_is_stocks(t3: T3, stock: Any) -> None:
    from synthetic.stock import T3Cond

    spoken = Spoken.random(1)
    conditionals = T3Cond(speaker_emb=spoken.speaker_embedding, cond_prompt_speech_tokens=spoken.prompt)
    start = torch.tensor([[6561]])
    with torch.inference_mode():
        theirs, _ = stock.prepare_input_embeds(
            t3_cond=conditionals, text_tokens=spoken.text, speech_tokens=start, cfg_weight=0.0
        )
    join = spoken.join(t3)
    torch.testing.assert_close(
        torch.cat([join.utterance.voice.conditionals, join.utterance.text])[None], theirs
    )


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t3.safetensors").write_bytes(b"not tensors at all, but long enough to be looked at")
    with pytest.raises(SafetensorError):
        T3.load(tmp_path / "t3.safetensors", CPU)


@pytest.mark.parametrize("lacking", ["tfmr.wpe.weight", "text_emb.weight", "speech_emb.weight"])
def test_another_models_file_is_refused_by_what_it_lacks(
    small_t3_file: Path, tmp_path: Path, lacking: str
) -> None:
    tensors = load_file(small_t3_file)
    del tensors[lacking]
    save_file(tensors, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=lacking):
        T3.load(tmp_path / "other.safetensors", CPU)


def test_a_file_without_layers_is_refused(tmp_path: Path) -> None:
    names = ("tfmr.wpe.weight", "text_emb.weight", "speech_emb.weight")
    save_file({name: torch.zeros(4, 64) for name in names}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"tfmr\.h"):
        T3.load(tmp_path / "other.safetensors", CPU)


def test_what_is_kept_in_half_precision_loads_too(small_t3_file: Path, tmp_path: Path, t3: T3) -> None:
    tensors = {name: tensor.half() for name, tensor in load_file(small_t3_file).items()}
    save_file(tensors, tmp_path / "half.safetensors")
    half = T3.load(tmp_path / "half.safetensors", CPU, T3Precision.FLOAT32)
    ours, theirs = (Spoken.random(1).join(each).utterance.text for each in (half, t3))
    assert ours.dtype is torch.float32
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_the_loaded_network_outlives_its_file(small_t3_file: Path, tmp_path: Path, t3: T3) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(small_t3_file.read_bytes())
    loaded = T3.load(copy, CPU, T3Precision.FLOAT32)
    copy.unlink()
    assert torch.equal(Spoken.random(1).join(loaded).utterance.text, Spoken.random(1).join(t3).utterance.text)
