"""The preview engine: espeak-ng at the pitch and pace of a voice. It does not clone.

It needs no weights and no GPU, and demonstrates the whole service on a laptop within seconds.
"""

from collections.abc import Generator

import numpy as np
from typing_extensions import override

from voices.clips.clip import CLIP_SAMPLE_RATE, Clip
from voices.conditionals import Conditionals
from voices.errors import VoiceIncompatible
from voices.voice import LONGEST_PROMPT_SECONDS
from worker.audio.resample import Resampler
from worker.engine.base import Delivery, Engine, Pulse, SpeechBlock, SpeechOptions
from worker.engine.preview.espeak import EspeakVoice, shared_espeak
from worker.engine.preview.prosody import pitch_hz, syllables_per_second
from worker.text.tags import without_tags

_DEFAULT_LANGUAGE = "en-us"
_DEFAULT_PITCH_HZ = 110.0
_DEFAULT_SYLLABLES = 4.4

# Measured from espeak-ng 1.52 with the estimators that also measure the clip.
_PITCH_SETTINGS = (0, 25, 50, 75, 99)
_LOW_VOICE_HZ = (70, 82, 102, 131, 170)
_HIGH_VOICE_HZ = (148, 175, 211, 262, 334)
_HIGH_VOICE = "+f3"
_HIGH_VOICE_FROM_HZ = 150.0
_PACE_SETTINGS = (100, 140, 175, 220, 300)
_PACE_SYLLABLES = (3.07, 3.87, 4.42, 4.9, 5.9)
_SLOWEST_WPM, _FASTEST_WPM = 110, 260


class PreviewEngine(Engine):
    """Speaks with espeak-ng, at the pitch and pace measured on the reference clip."""

    name = "preview"
    sample_rate = CLIP_SAMPLE_RATE
    fingerprint = "preview-1"
    options = frozenset({"language"})
    watermarks = False
    capacity = 64

    def __init__(self) -> None:
        self.pulse = Pulse()
        self._espeak = shared_espeak()

    @override
    def prepare(self, clip: Clip, prompt_seconds: float = LONGEST_PROMPT_SECONDS) -> Conditionals:
        return _conditionals(pitch_hz(clip) or _DEFAULT_PITCH_HZ, syllables_per_second(clip))

    @override
    def default_conditionals(self) -> Conditionals:
        return _conditionals(_DEFAULT_PITCH_HZ, _DEFAULT_SYLLABLES)

    @override
    def stream(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> Generator[SpeechBlock]:
        if conditionals.fingerprint != self.fingerprint:
            raise VoiceIncompatible(
                f"The preview engine cannot use conditionals of {conditionals.fingerprint}."
            )
        if not (spoken := without_tags(text)):
            return
        voice = _espeak_voice(conditionals, options.language or _DEFAULT_LANGUAGE)
        resampler = Resampler(self._espeak.sample_rate, self.sample_rate)
        playback = delivery.playback
        for block in self._espeak.speak(spoken, voice, lambda: playback.buffered_seconds):
            if delivery.cancelled():
                return
            yield SpeechBlock(resampler.process(block))
        yield SpeechBlock(resampler.flush())

    @override
    def watermark(self) -> None:
        """Return None: espeak-ng's voice is obviously synthetic."""

    @override
    def close(self) -> None:
        """Do nothing: the library stays loaded for the process."""


def _conditionals(pitch: float, syllables: float) -> Conditionals:
    return Conditionals(
        PreviewEngine.fingerprint,
        {
            "pitch_hz": np.array([pitch], np.float32),
            "syllables_per_second": np.array([syllables], np.float32),
        },
    )


def _number(conditionals: Conditionals, name: str) -> float:
    """Return one of a voice's two numbers; they come from a volume, and are untrusted."""
    tensor = conditionals.tensors.get(name)
    if tensor is None or tensor.shape != (1,) or tensor.dtype.kind != "f" or not np.isfinite(tensor[0]):
        raise VoiceIncompatible(
            f"The voice's {name} is not a number: prepare the voice again from its reference clip.",
            field="voice_id",
        )
    return float(tensor[0])


def _espeak_voice(conditionals: Conditionals, language: str) -> EspeakVoice:
    pitch, syllables = (_number(conditionals, name) for name in ("pitch_hz", "syllables_per_second"))
    high = pitch >= _HIGH_VOICE_FROM_HZ
    setting = np.interp(pitch, _HIGH_VOICE_HZ if high else _LOW_VOICE_HZ, _PITCH_SETTINGS)
    pace = np.interp(syllables, _PACE_SYLLABLES, _PACE_SETTINGS)
    return EspeakVoice(
        language=language + _HIGH_VOICE if high else language,
        words_per_minute=round(float(np.clip(pace, _SLOWEST_WPM, _FASTEST_WPM))),
        pitch=round(float(setting)),
    )
