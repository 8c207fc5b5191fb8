"""The fingerprint names the encoders' weights, and reads little to do so."""

import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from voices.conditionals import FINGERPRINT
from worker.engine.chatterbox.fingerprint import encoders_fingerprint
from worker.engine.checkpoint import S3GEN_FILE, T3_FILE, VOICE_ENCODER_FILE


def write_encoders(
    directory: Path, *, voice_encoder: float = 1.0, s3gen: float = 1.0, name: str = "a"
) -> Path:
    directory.mkdir(exist_ok=True)
    safetensors.numpy.save_file({"a": np.full(1000, voice_encoder)}, directory / VOICE_ENCODER_FILE)
    safetensors.numpy.save_file({name: np.full(100_000, s3gen)}, directory / S3GEN_FILE)
    return directory


def fingerprint(directory: Path) -> str:
    return encoders_fingerprint("chatterbox-turbo", directory)


def test_is_a_fingerprint_that_begins_with_the_engines_name(tmp_path: Path) -> None:
    name = fingerprint(write_encoders(tmp_path))
    assert FINGERPRINT.fullmatch(name)
    assert name.startswith("chatterbox-turbo-")
    assert len(name) == len("chatterbox-turbo-") + 12


@pytest.mark.parametrize("change", [{"voice_encoder": 2.0}, {"s3gen": 2.0}, {"name": "b"}])
def test_changes_with_either_encoder(tmp_path: Path, change: dict[str, float]) -> None:
    before = fingerprint(write_encoders(tmp_path / "before"))
    assert fingerprint(write_encoders(tmp_path / "same")) == before
    assert fingerprint(write_encoders(tmp_path / "after", **change)) != before


def test_does_not_depend_on_t3(tmp_path: Path) -> None:
    before = fingerprint(write_encoders(tmp_path))
    (tmp_path / T3_FILE).write_bytes(b"another T3")
    assert fingerprint(tmp_path) == before


def test_survives_a_file_that_is_cut_off(tmp_path: Path) -> None:
    before = fingerprint(write_encoders(tmp_path))
    (tmp_path / S3GEN_FILE).write_bytes((tmp_path / S3GEN_FILE).read_bytes()[:50])
    assert fingerprint(tmp_path) != before


def test_takes_well_under_a_tenth_of_a_second(small_checkpoint: Path) -> None:
    fingerprint(small_checkpoint)
    started = time.thread_time()
    fingerprint(small_checkpoint)
    assert time.thread_time() - started < 0.1
