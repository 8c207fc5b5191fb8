"""The real queue worker in a process of its own, with the scripted engine as its model.

``PREPARE_S`` and ``PREFILL_S`` are how long it takes for a voice and to its first block, ``BLOCK_S`` how
long for each block; at the word "stick" it stops for good. With ``PLANTED`` a rule hangs on
``hanging.HANGS``. ``command`` and ``environment`` start it.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from hanging import plant
from scripted_engine import ScriptedEngine

from voices.library import VoiceLibrary
from worker.handler import serve_jobs
from worker.service.service import SpeechService
from worker.settings import Settings

ROOT = Path(__file__).parents[2]

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
        for block in super().stream(text, conditionals, options, delivery):
            yield block
            if "stick" in text:
                with self.pulse.beat():
                    threading.Event().wait()


if __name__ == "__main__":
    if "PLANTED" in os.environ:
        plant()
    settings = Settings()
    engine = SlowEngine(float(os.environ.get("BLOCK_S", "0")))
    serve_jobs(SpeechService(engine, VoiceLibrary.at(*settings.voices_dir), settings), settings)
