"""The self-test: the engine speaks a sentence in its default voice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from worker.doctor.finding import Finding, Subject, fault, ok, warning
from worker.engine.checkpoint import find_checkpoint
from worker.errors import CheckpointMissing

_SECONDS = 600
_SILENCE = 0.01
"""A lower peak is not speech."""
_REAL_TIME = 1.0


def check_speech(subject: Subject) -> Iterator[Finding]:
    """Speak a sentence, unless that would download the weights."""
    if subject.settings.engine == "chatterbox-turbo" and not _is_checkpoint_here(subject):
        yield warning("self-test", "skipped: it would download the weights", "See the checkpoint above.")
        return
    spoken = _speak()
    if isinstance(spoken, str):
        yield fault(
            "self-test", spoken, "Run `python -m worker say 'Hello.' --out hello.wav` to see the whole error."
        )
        return
    yield from judge(spoken)


def judge(spoken: dict[str, Any]) -> Iterator[Finding]:
    """Check the sample values and the real-time factor."""
    told = (
        f"{spoken['engine']} loaded in {spoken['load_s']:.1f} s, first audio after "
        f"{spoken['ttfa_ms']:.0f} ms, {spoken['audio_seconds']:.1f} s of speech at a real-time factor of "
        f"{spoken['rtf']:.3f}"
    )
    if spoken["peak"] < _SILENCE or not spoken["decoded_seconds"]:
        yield fault(
            "self-test",
            f"{told}, but it is silent (peak {spoken['peak']:.4f})",
            "Download the checkpoint again; if it stays so, set T3_PRECISION and S3GEN_PRECISION to float32.",
        )
    elif spoken["rtf"] >= _REAL_TIME:
        yield warning(
            "self-test",
            f"{told}: slower than real time",
            "Use a GPU; on a CPU, FLOW_STEPS=1 and a smaller PROMPT_SECONDS are cheaper.",
        )
    else:
        yield ok("self-test", told)


def _is_checkpoint_here(subject: Subject) -> bool:
    try:
        return find_checkpoint(subject.settings.model_dir) is not None
    except CheckpointMissing:
        return False


def _speak() -> dict[str, Any] | str:
    """Return the probe's measurements, or why it failed; a crash of the model ends only the probe."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "worker.doctor.speech_probe"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no speech within {_SECONDS} s"
    try:
        found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        return f"its process ended with {ran.returncode}: {last}"
    return str(found["error"]) if "error" in found else found
