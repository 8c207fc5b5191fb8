"""Speech for the tests, by espeak-ng, independently of the preview engine."""

import numpy as np

from voices.clip import Clip
from worker.engine.espeak import EspeakVoice, shared_espeak

PASSAGE = (
    "The lighthouse keeper climbed the stairs each evening, counting every step aloud. "
    "From the gallery she watched the ships come home, and wrote their names into a book."
)


def speak_clip(text: str = PASSAGE, *, language: str = "en-us", pitch: int = 50) -> Clip:
    """Speak a text at 22,050 Hz."""
    espeak = shared_espeak()
    voice = EspeakVoice(language=language, words_per_minute=165, pitch=pitch)
    return Clip(np.concatenate(list(espeak.speak(text, voice))), espeak.sample_rate)
