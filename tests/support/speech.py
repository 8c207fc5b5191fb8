"""Speech for the tests by espeak-ng, independent of the preview engine."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from voices.clips.clip import Clip
from worker.engine.preview.espeak import EspeakVoice, shared_espeak

PASSAGE = (
    "The lighthouse keeper climbed the stairs each evening, counting every step aloud. "
    "From the gallery she watched the ships come home, and wrote their names into a book."
)


def speak_clip(text: str = PASSAGE, *, language: str = "en-us", pitch: int = 50) -> Clip:
    """Speak a text at 22,050 Hz, always the same way.

    In a process of its own: espeak-ng's flutter runs on from one utterance to the next.
    """
    voice = EspeakVoice(language=language, words_per_minute=165, pitch=pitch)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_speak, text, voice).result()


def _speak(text: str, voice: EspeakVoice) -> Clip:
    espeak = shared_espeak()
    return Clip(np.concatenate(list(espeak.speak(text, voice))), espeak.sample_rate)
