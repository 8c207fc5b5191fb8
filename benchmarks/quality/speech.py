"""Speech to be assessed: our worker's, streamed and unstreamed, and stock's."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from benchmarks.checkpoint import stock_finds_its_sizes
from benchmarks.stock import quietly
from voices.clips.clip import Clip
from voices.clips.preparation import PreparedClip
from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.events import AudioEvent, EndEvent, Metrics
from worker.request import Arrival, SpeechRequest
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.speech.synthesizer import Synthesizer

_VOICE_ID = "judged"
_INT16 = np.float32(2**15)


@dataclass(frozen=True)
class Spoken:
    """One text's speech, with its timing."""

    clip: Clip
    rtf: float
    ttfa_ms: float
    cut: bool = False
    """Whether the worker ended it because it had lost its text."""


class OurSpeech:
    """Speaks in the clip's voice, through the whole worker except the watermark."""

    def __init__(self, synthesizer: "Synthesizer", seed: int) -> None:
        self._synthesizer = synthesizer
        self._seed = seed

    @classmethod
    @contextlib.contextmanager
    def of(cls, checkpoint: Path, prepared: PreparedClip, seed: int) -> Iterator["OurSpeech"]:
        """Load the engine, and publish the clip as a voice within the block."""
        from worker.engine.chatterbox.turbo import ChatterboxTurbo
        from worker.engine.chatterbox.turbo_settings import TurboSettings
        from worker.speech.synthesizer import Synthesizer

        engine = ChatterboxTurbo(checkpoint, TurboSettings(watermark=False))
        try:
            with tempfile.TemporaryDirectory() as folder:
                registry = VoiceRegistry.at(Path(folder))
                Publisher(registry).add(_VOICE_ID, prepared, [engine.prepare(prepared.clip)])
                synthesizer = Synthesizer(engine, VoiceLibrary([registry]), Settings())
                yield cls(synthesizer, seed)
                synthesizer.close()
        finally:
            engine.close()

    def speak(self, text: str, *, stream: bool) -> Spoken:
        """Speak a text with the seed; raises the errors of ``worker.errors``."""
        request = SpeechRequest(text=text, voice_id=_VOICE_ID, format="pcm", stream=stream, seed=self._seed)
        encoded, metrics = [], None
        began = perf_counter()
        for event in self._synthesizer.speak(request, Arrival(_VOICE_ID, began), lambda: False):
            if isinstance(event, AudioEvent):
                encoded.append(event.audio)
            elif isinstance(event, EndEvent):
                metrics = event.metrics
        total_s = perf_counter() - began
        samples = np.frombuffer(b"".join(encoded), "<i2").astype(np.float32) / _INT16
        return _spoken(Clip(samples, self._synthesizer.engine.sample_rate), total_s, metrics)


def _spoken(clip: Clip, total_s: float, metrics: Metrics | None) -> Spoken:
    ttfa_ms = (metrics and metrics.ttfa_ms) or total_s * 1000
    return Spoken(clip, total_s / clip.seconds, ttfa_ms, cut=bool(metrics and metrics.cut_text_chunks))


def speak_with_stock(checkpoint: Path, prepared: PreparedClip, texts: list[str], seed: int) -> list[Spoken]:
    """Speak each text in the clip's voice with stock's ``generate``. Meant for a separate process."""
    with quietly(), tempfile.TemporaryDirectory() as folder, stock_finds_its_sizes(checkpoint):
        import torch
        from chatterbox.tts_turbo import ChatterboxTurboTTS

        file = Path(folder) / "clip.wav"
        soundfile.write(file, prepared.clip.samples, prepared.clip.sample_rate, subtype="FLOAT")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        stock: Any = ChatterboxTurboTTS.from_local(checkpoint, device)
        stock.prepare_conditionals(file)
        spoken = []
        for text in texts:
            torch.manual_seed(seed)
            began = perf_counter()
            samples = stock.generate(text)[0].numpy()
            spoken.append(_spoken(Clip(samples, stock.sr), perf_counter() - began, None))
    return spoken
