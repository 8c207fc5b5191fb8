"""``scripts/bench voices``: cost of obtaining a voice, compared with stock's ``prepare_conditionals``.

The voice's encoders have their full size even if T3 is small.
"""

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.checkpoint import find_or_write
from benchmarks.report import Result, median_ms
from voices.clips.clip import Clip
from voices.clips.preparation import PreparedClip, prepare_clip
from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.speech.voice_cache import VoiceCache

SCANNED_VOICES = 10_000
REFERENCE_TEXT = "The clip that this benchmark measures was spoken by a machine, for about ten seconds. " * 2


def run(checkpoint: Path | None, *, quick: bool) -> list[Result]:
    """Run the benchmark; ``quick`` repeats less."""
    from worker.engine.chatterbox.turbo import ChatterboxTurbo

    directory = find_or_write(checkpoint, "small")
    repeats = 3 if quick else 10
    prepared = reference()
    engine = ChatterboxTurbo(directory)
    with tempfile.TemporaryDirectory() as folder:
        registry = VoiceRegistry.at(Path(folder) / "voices")
        stock_ms = _stock_prepare_ms(directory, prepared, Path(folder) / "clip.wav", repeats)
        engine.prepare(prepared.clip)  # the first call compiles code for the process
        prepare_ms = median_ms(lambda: engine.prepare(prepared.clip), repeats)
        Publisher(registry).add("anna", prepared, [engine.prepare(prepared.clip)])
        library = VoiceLibrary([registry])
        cache = VoiceCache(library, engine, 1 << 30)
        cache.get("anna")
        results = [
            Result("voices/load", "ms", _load_ms(library, engine, repeats * 10), stock_ms),
            Result("voices/warm", "ms", median_ms(lambda: cache.get("anna"), repeats * 100), stock_ms),
            Result("voices/prepare", "ms", prepare_ms, stock_ms),
        ]
        results.append(Result(f"voices/scan n={SCANNED_VOICES}", "ms", _scan_ms(registry, repeats)))
    return results


def reference(pitch: int = 50) -> PreparedClip:
    """Return a machine-spoken reference clip, at a pitch from 0 to 100."""
    import numpy as np

    from worker.engine.preview.espeak import EspeakVoice, shared_espeak

    espeak = shared_espeak()
    blocks = list(espeak.speak(REFERENCE_TEXT, EspeakVoice("en-us", 165, pitch)))
    return prepare_clip(Clip(np.concatenate(blocks), espeak.sample_rate))


def _stock_prepare_ms(checkpoint: Path, prepared: PreparedClip, file: Path, repeats: int) -> float:
    from synthetic.checkpoint import MARKER_FILE, small_gpt2_medium
    from worker.engine.chatterbox.upstream import without_warnings

    soundfile.write(file, prepared.clip.samples, prepared.clip.sample_rate, subtype="FLOAT")
    with small_gpt2_medium() if (checkpoint / MARKER_FILE).exists() else nullcontext(), without_warnings():
        import torch
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        stock: Any = ChatterboxTurboTTS.from_local(checkpoint, "cuda" if torch.cuda.is_available() else "cpu")
        stock.prepare_conditionals(file)  # the first call compiles code for the process
        return median_ms(lambda: stock.prepare_conditionals(file), repeats)


def _load_ms(library: VoiceLibrary, engine: Any, repeats: int) -> float:
    """Time a precomputed voice's first request, from files in the page cache."""
    return median_ms(lambda: VoiceCache(library, engine, 1 << 30).get("anna"), repeats)


def _scan_ms(registry: VoiceRegistry, repeats: int) -> float:
    """Time the scan at a worker's start."""
    root = Path(str(registry.store))
    manifest = (root / "anna" / "voice.json").read_text()
    for number in range(SCANNED_VOICES):
        folder = root / f"voice-{number}"
        folder.mkdir()
        (folder / "voice.json").write_text(manifest.replace('"anna"', f'"voice-{number}"'))
    assert len(registry.ids()) == SCANNED_VOICES + 1  # noqa: S101 - an empty result would look fast
    return median_ms(registry.ids, repeats)
