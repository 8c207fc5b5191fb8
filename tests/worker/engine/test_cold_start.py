"""A start imports what speaking needs, and says where its time went."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from worker.engine.phases import Phases

pytestmark = pytest.mark.process

UPSTREAMS = (
    "chatterbox",
    "diffusers",
    "librosa",
    "numba",
    "omegaconf",
    "perth",
    "torchaudio",
    "transformers",
)

SPEAK = """
import json, logging, sys
logging.basicConfig(level=logging.INFO)
from worker.engine.base import Delivery, SpeechOptions
from worker.engine.choice import open_engine
from worker.settings import Settings
engine = open_engine(Settings(engine="chatterbox-turbo", model_dir=sys.argv[1], device="cpu"))
stream = engine.stream("Hello.", engine.default_conditionals(), SpeechOptions(seed=1), Delivery())
samples = sum(len(block.samples) for block in stream)
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"samples": samples, "loaded": loaded, "phases": engine.phases.seconds}))
engine.close()
"""


@pytest.fixture(scope="module")
def spoken(small_checkpoint: Path) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-c", SPEAK, str(small_checkpoint)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout), done.stderr


def test_speaking_in_a_precomputed_voice_imports_nothing_of_upstreams(
    spoken: tuple[dict[str, Any], str],
) -> None:
    report, _ = spoken
    assert report["samples"] > 0
    assert not set(UPSTREAMS) & set(report["loaded"])


def test_the_log_says_where_the_time_went(spoken: tuple[dict[str, Any], str]) -> None:
    report, log = spoken
    assert list(report["phases"]) == ["Python", "torch", "imports", "watermark", "T3", "S3Gen", "slots"]
    assert "chatterbox-turbo is ready after " in log
    assert all(f"{name} {seconds:.1f}" in log for name, seconds in report["phases"].items())


def test_phases_follow_each_other_from_the_process_beginning() -> None:
    phases = Phases()
    phases.end("before")
    phases.end("nothing")
    assert phases.seconds["before"] > 0.05 if sys.platform == "linux" else True
    assert 0 <= phases.seconds["nothing"] < phases.seconds["before"] + 1
    assert str(phases).endswith(f"s: before {phases.seconds['before']:.1f}, nothing 0.0")
