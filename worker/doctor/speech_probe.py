"""Speaks a sentence and prints measurements as JSON; run as a separate process by ``self_test.py``."""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from voices.clips.decoding import decode_clip
from voices.errors import ChatterpodError
from voices.library import VoiceLibrary
from worker.settings import Settings
from worker.speech.to_file import Speaker

SENTENCE = "The quick brown fox jumps over the lazy dog."


def main() -> None:
    """Print ``{"error": ...}`` or the measurements."""
    try:
        print(json.dumps(_speak()))  # noqa: T201  # read by the parent process
    except ChatterpodError as error:
        print(json.dumps({"error": error.message}))  # noqa: T201
        sys.exit(1)


def _speak() -> dict[str, float | str]:
    settings = Settings()
    began = time.perf_counter()
    with Speaker(settings, VoiceLibrary.at(*settings.voices_dir)) as speaker, TemporaryDirectory() as folder:
        load_s = time.perf_counter() - began
        out = Path(folder) / "speech.wav"
        start, end = speaker.say({"text": SENTENCE, "format": "wav"}, out)
        clip = decode_clip(out)
    return {
        "engine": start.engine,
        "load_s": load_s,
        "ttfa_ms": end.metrics.ttfa_ms or 0.0,
        "rtf": end.metrics.rtf or 0.0,
        "audio_seconds": end.audio_seconds,
        "decoded_seconds": len(clip.samples) / clip.sample_rate,
        "peak": float(np.abs(clip.samples).max(initial=0.0)),
    }


if __name__ == "__main__":
    main()
