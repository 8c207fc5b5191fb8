"""Level: brings the text chunks of a long text to the loudness of its beginning."""

import numpy as np

from voices.clips.clip import Samples
from worker.audio.framing import FRAMES_PER_SECOND, Framer, frame_powers, power_ratio

MOST_DECIBELS = 3.0
"""Upper bound of a text chunk's gain: a larger difference is intended."""

_MEASURED_FRAMES = FRAMES_PER_SECOND
"""One second of speech determines a voice's level; a text chunk's gain is ramped during it."""
_GATE = power_ratio(-20.0)
"""Relative to the loudest frame: quieter frames are pauses and closures."""
_CEILING = 0.99


class _Measure:
    """Mean power of the speech, without the frames of pauses."""

    def __init__(self) -> None:
        self._powers: list[float] = []

    def add(self, power: float) -> None:
        self._powers.append(power)

    def read(self) -> tuple[int, float]:
        """Return the number of speech frames, and their mean power."""
        powers = np.array(self._powers)
        speech = powers[powers > powers.max(initial=0.0) * _GATE]
        return len(speech), float(speech.mean()) if speech.size else 0.0


class LevelKeeper:
    """Brings each text chunk nearer to the first one's level, by at most 3 dB and without clipping.

    The first chunk passes unchanged and undelayed, and so do the following ones until there is a second of
    speech. The gain of the others is determined during their first second of speech, ramped, and then
    constant; they are delayed by 10 to 20 ms.
    """

    def __init__(self, sample_rate: int) -> None:
        self._framer = Framer(sample_rate)
        self._reference = _Measure()
        self._reference_power = 0.0
        """Level of the request's beginning; 0 until it is known."""
        self._begin_chunk()

    def process(self, samples: Samples) -> Samples:
        """Return the text chunk's levelled samples so far."""
        frames = self._framer.cut(samples)
        powers = frame_powers(frames).tolist()
        if not self._reference_power:
            for power in powers:
                self._reference.add(power)
            return samples
        out = [np.zeros(0, np.float32)]
        for frame, power in zip(frames, powers, strict=True):
            out.append(self._emit(frame))
            self._aim(power)
        return np.concatenate(out)

    def flush(self) -> Samples:
        """Return the rest of the text chunk; the next samples belong to another one."""
        rest = self._framer.rest()
        if not self._reference_power:
            frames, power = self._reference.read()
            self._reference_power = power if frames >= _MEASURED_FRAMES else 0.0
            return np.zeros(0, np.float32)
        levelled = np.concatenate([self._emit(rest), self._emit(rest[:0])])
        self._begin_chunk()
        return levelled

    def _begin_chunk(self) -> None:
        self._measure = _Measure()
        self._is_measured = False
        self._gain = self._target = 1.0
        self._peak = 0.0
        self._next: Samples = np.zeros(0, np.float32)

    def _aim(self, power: float) -> None:
        """Update the target gain with the frame just added; its own level counts for its own gain."""
        if self._is_measured:
            return
        self._measure.add(power)
        frames, level = self._measure.read()
        if not level:
            return
        self._is_measured = frames >= _MEASURED_FRAMES
        decibels = 10.0 * np.log10(self._reference_power / level)
        trust = min(frames / _MEASURED_FRAMES, 1.0)
        self._target = float(10.0 ** (np.clip(decibels, -MOST_DECIBELS, MOST_DECIBELS) * trust / 20.0))

    def _emit(self, following: Samples) -> Samples:
        """Return the delayed frame, at a gain that its successor can also bear."""
        frame, self._next = self._next, following
        self._peak = max(self._peak, float(np.abs(following).max(initial=0.0)))
        # Only a gain above 1 can clip; samples that are already clipped stay so.
        bearable = max(1.0, _CEILING / self._peak) if self._peak else self._target
        gain = min(self._target, bearable)
        if gain == self._gain == 1.0:
            return frame
        ramp = np.linspace(self._gain, gain, len(frame), endpoint=False, dtype=np.float32)
        if frame.size:
            self._gain = gain
        return frame * ramp
