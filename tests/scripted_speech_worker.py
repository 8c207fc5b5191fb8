"""The queue worker as it is, in a process of its own, but for its model: that is the scripted engine.

``PREPARE_S`` and ``PREFILL_S`` are how long it takes for a voice and to its first block, ``BLOCK_S`` how
long for each block. ``command`` and ``environment`` start it.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from scripted_engine import ScriptedEngine

import worker.service
from worker.handler import serve
from worker.settings import Settings

ROOT = Path(__file__).parents[1]

command = [sys.executable, __file__]


def environment(voices_dir: Path, **variables: object) -> Mapping[str, str]:
    """Return what the worker is to see."""
    given = {"PYTHONPATH": ROOT, "VOICES_DIR": voices_dir, **variables}
    return {name: str(value) for name, value in given.items()}


class SlowEngine(ScriptedEngine):
    """Takes its time where the environment says so."""

    def prepare(self, clip, prompt_seconds=10.0):
        time.sleep(float(os.environ.get("PREPARE_S", "0")))
        return super().prepare(clip, prompt_seconds)

    def stream(self, text, conditionals, options, delivery):
        time.sleep(float(os.environ.get("PREFILL_S", "0")))
        yield from super().stream(text, conditionals, options, delivery)


if __name__ == "__main__":
    worker.service.open_engine = lambda _: SlowEngine(float(os.environ.get("BLOCK_S", "0")))
    serve(Settings())
