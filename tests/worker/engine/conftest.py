"""Our engine and the stock library over the small checkpoint."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voices.clips.clip import Clip


def speech_like(seconds: float, pitch: float, seed: int) -> Clip:
    """Return harmonics under a moving formant, in syllables, with a little noise, at 24 kHz."""
    noise = np.random.default_rng(seed)
    time = np.arange(int(seconds * 24_000)) / 24_000
    phase = np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))) / 24_000
    formant = 700 + 300 * np.sin(2 * np.pi * 1.3 * time)
    harmonics = np.arange(1, 20)[:, None]
    strength = np.exp(-(((harmonics * pitch - formant) / 500) ** 2)) + 0.05
    voiced = (strength * np.sin(2 * np.pi * harmonics * phase)).sum(0)
    syllables = 0.1 + np.clip(np.sin(2 * np.pi * 3 * time), 0, None)
    samples = voiced * syllables + 0.02 * noise.standard_normal(len(time))
    return Clip((0.3 * samples / np.abs(samples).max()).astype(np.float32))


@pytest.fixture(scope="session")
def low_clip() -> Clip:
    return speech_like(seconds=11.0, pitch=105.0, seed=1)


@pytest.fixture(scope="session")
def high_clip() -> Clip:
    return speech_like(seconds=16.3, pitch=215.0, seed=2)


@pytest.fixture
def altered_checkpoint(small_checkpoint: Path, tmp_path: Path) -> Path:
    """Link to every file of the checkpoint: a test can replace or remove one at no cost."""
    directory = tmp_path / "altered"
    directory.mkdir()
    for file in small_checkpoint.iterdir():
        (directory / file.name).symlink_to(file)
    return directory


@pytest.fixture(scope="session")
def engine(small_checkpoint: Path) -> Iterator[Any]:
    """Ours, with the cheapest settings."""
    from worker.engine.chatterbox.s3gen.settings import S3GenSettings
    from worker.engine.chatterbox.turbo import ChatterboxTurbo
    from worker.engine.chatterbox.turbo_settings import TurboSettings

    quick = S3GenSettings(prompt_tokens=25, flow_steps=1)
    engine = ChatterboxTurbo(small_checkpoint, TurboSettings(device="cpu", s3gen=quick))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def stock(small_checkpoint: Path) -> Any:
    from synthetic.checkpoint import small_gpt2_medium
    from worker.engine.chatterbox.upstream import without_warnings

    with small_gpt2_medium(), without_warnings():
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        return ChatterboxTurboTTS.from_local(small_checkpoint, "cpu")
