"""A checkpoint's tensors by name."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from worker.engine.weights import Weights, open_weights

CPU = torch.device("cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    # An odd number of bytes first: what follows lies unaligned in the file.
    tensors = {
        "a.odd": torch.zeros(3, dtype=torch.int8),
        "a.list.0.weight": torch.arange(6.0).view(2, 3).half(),
        "a.list.1.weight": torch.ones(2, 3),
        "a.count": torch.tensor(7),
    }
    save_file(tensors, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def test_they_are_read_by_the_path_of_their_module(file: Path) -> None:
    with open_weights(file, CPU) as weights:
        first, second = weights.under("a").listed("list")
        assert torch.equal(first["weight"], torch.arange(6.0).view(2, 3))
        assert torch.equal(second["weight"], torch.ones(2, 3))
        assert weights["a.count"].item() == 7


def test_floating_point_is_widened_and_counts_stay_whole(file: Path) -> None:
    with open_weights(file, CPU) as weights:
        state = weights.under("a").state()
    assert {name: tensor.dtype for name, tensor in state.items()} == {
        "odd": torch.int8,
        "list.0.weight": torch.float32,
        "list.1.weight": torch.float32,
        "count": torch.int64,
    }


def test_what_is_owned_is_aligned_and_outlives_the_file(file: Path) -> None:
    with open_weights(file, CPU) as weights:
        owned = weights.own("a.list.1.weight", torch.bfloat16)
    file.write_bytes(bytes(file.stat().st_size))
    assert owned.data_ptr() % 64 == 0
    assert torch.equal(owned, torch.ones(2, 3, dtype=torch.bfloat16))


@pytest.mark.parametrize("name", ["b", "a.list", "a.list.2.weight"])
def test_what_is_missing_is_named(file: Path, name: str) -> None:
    with open_weights(file, CPU) as weights, pytest.raises(KeyError, match=name):
        weights[name]
    with open_weights(file, CPU) as weights, pytest.raises(KeyError, match="absent"):
        weights.listed("absent")


def test_a_weight_norm_is_folded_as_torch_computes_it() -> None:
    module = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5))
    assert torch.equal(Weights.of(module.state_dict()).kernel, module.weight)
    plain = torch.nn.Linear(2, 2)
    assert torch.equal(Weights.of(plain.state_dict()).kernel, plain.weight)
