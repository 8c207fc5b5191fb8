"""A deterministic engine behind the real interface: a test can predict every sample."""

import time

import numpy as np

from voices.conditionals import Conditionals
from worker.engine.base import Engine, Pulse, SpeechBlock


class Mark:
    """A watermark that can be seen: it lifts every sample by ``Mark.LIFT``."""

    LIFT = 0.25

    def process(self, samples):
        return samples + np.float32(self.LIFT)

    def flush(self):
        return np.zeros(0, np.float32)


class ScriptedEngine(Engine):
    """Speaks 10 ms a character, as a tone, in blocks of 50 ms; notes what it was asked.

    ``silence_s`` is how much silence it makes before and after each text chunk.
    """

    name = "scripted"
    sample_rate = 24_000
    fingerprint = "scripted-1"
    options = frozenset({"seed", "language"})
    capacity = 50

    def __init__(self, block_delay_s=0.0, silence_s=(0.0, 0.0), watermarks=False):
        self.block_delay_s = block_delay_s
        self._silence = [round(seconds * self.sample_rate) for seconds in silence_s]
        self.watermarks = watermarks
        self.pulse = Pulse()
        self.asked = []

    def prepare(self, clip, prompt_seconds=10.0):
        prompt = np.array([prompt_seconds], np.float32)
        return Conditionals(self.fingerprint, {"level": np.array([0.5], np.float32), "prompt": prompt})

    def default_conditionals(self):
        return Conditionals(self.fingerprint, {"level": np.array([0.25], np.float32)})

    def stream(self, text, conditionals, options, delivery):
        self.asked.append((text, options))
        samples = np.arange(len(text) * 240) / 24_000
        tone = (conditionals.tensors["level"][0] * np.sin(2 * np.pi * 220 * samples)).astype(np.float32)
        tone = np.pad(tone, self._silence)
        for start in range(0, len(tone), 1200):
            if delivery.cancelled():
                return
            time.sleep(self.block_delay_s)
            yield SpeechBlock(tone[start : start + 1200], speech_tokens=1)

    def watermark(self):
        return Mark() if self.watermarks else None

    def close(self):
        pass
