"""T3s of random weights: a small one for every test, a full-size one for the slow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from t3_speech import load_stock_t3

from worker.engine.chatterbox.t3.model import T3
from worker.engine.precision import T3Precision

SPEECH_TOKENS = (20, 45)


@pytest.fixture(scope="session")
def small_t3_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers; it stops by itself after 20 to 45 speech tokens."""
    return _write(tmp_path_factory.mktemp("t3") / "small.safetensors", "small", SPEECH_TOKENS)


@pytest.fixture(scope="session")
def full_t3_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write 1.9 GB, to be removed at the end: pytest keeps the directories of three runs."""
    file = _write(tmp_path_factory.mktemp("t3") / "full.safetensors", "full", (250, 250))
    yield file
    file.unlink()


@pytest.fixture(scope="session")
def t3(small_t3_file: Path) -> T3:
    """Ours, in float32."""
    return T3.load(small_t3_file, torch.device("cpu"), T3Precision.FLOAT32)


@pytest.fixture(scope="session")
def stock(small_t3_file: Path) -> Any:
    return load_stock_t3(small_t3_file, small=True)


def _write(file: Path, size: Any, speech_tokens: tuple[int, int]) -> Path:
    from synthetic.checkpoint import write_synthetic_t3

    with torch.inference_mode():
        write_synthetic_t3(file, seed=3, t3=size, speech_tokens=speech_tokens)
    return file
