"""Perth's weights: found without importing Perth, and never silently missing."""

import subprocess
import sys

import pytest
import torch

from worker.engine.chatterbox.watermark import Watermark
from worker.engine.chatterbox.watermark.weights import _FILE
from worker.errors import EngineFailure


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Another package named perth, before the real one; returns where its weights go."""
    (tmp_path / "perth").mkdir()
    (tmp_path / "perth" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "perth", raising=False)
    file = tmp_path / "perth" / _FILE
    file.parent.mkdir(parents=True)
    return file


def test_missing_weights_say_what_to_install(installed):
    with pytest.raises(EngineFailure, match=r"pip install .*resemble-perth"):
        Watermark()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"<html>not found</html>"])
def test_damaged_weights_are_an_engine_failure(installed, content):
    installed.write_bytes(content)
    with pytest.raises(EngineFailure, match=r"cannot be read \(\w+\)"):
        Watermark()


def test_weights_without_the_encoder_are_an_engine_failure(installed):
    torch.save({"model": {"decoder.weight": torch.zeros(1)}}, installed)
    with pytest.raises(EngineFailure, match=r"cannot be read \(KeyError\)"):
        Watermark()


def test_weights_of_another_network_are_an_engine_failure(installed):
    layers = {f"encoder.layers.{i}.conv.weight": torch.zeros(3, 2, 1) for i in range(7)}
    layers |= {f"encoder.layers.{i}.conv.bias": torch.zeros(3) for i in range(7)}
    torch.save({"model": layers}, installed)
    with pytest.raises(EngineFailure, match=r"have the shapes \[\(3, 2, 1\)"):
        Watermark()


def test_it_marks_where_perth_itself_cannot_be_imported():
    """Perth and librosa take seconds to import, and fail without pkg_resources."""
    program = (
        "import sys\n"
        "sys.modules['pkg_resources'] = None\n"
        "import numpy as np\n"
        "from worker.engine.chatterbox.watermark import Watermark\n"
        "noise = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)\n"
        "assert np.abs(Watermark().apply(noise) - noise).max() > 0.001\n"
        "print(sorted({'perth', 'librosa', 'numba', 'torchaudio'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
