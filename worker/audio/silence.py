"""Silence at the ends of a text chunk: taken off, so that pauses are ours to choose. Speech never is.

Everything is judged against the loudest frame of the text chunk so far, in frames of 10 ms, so that
neither a quiet voice nor the blocks that speech comes in make a difference.
"""

from dataclasses import dataclass

import numpy as np

from voices.clips.clip import Samples
from worker.audio.framing import FRAMES_PER_SECOND, Framer, frame_powers, power_ratio

TAIL_SECONDS = 0.04
"""Left behind the last sound: it fades, it is not cut off."""
LAST_TAIL_SECONDS = 0.2
"""At the most, behind the last sound of the request."""

_HELD = power_ratio(-30.0)
"""What is quieter is held back until speech goes on: it may be the end."""
_SILENT = power_ratio(-45.0)
_FLOOR = power_ratio(-60.0)
"""Against full scale: silence before the first sound, when nothing is known of the speech yet."""
_LEAD = 3
"""Frames kept before the first sound: it may begin softly."""
_BREATH_GAP = 15
"""Frames of silence that no sound of speech contains; the closure of a "t" is half as long. What is quiet
after that, up to the end, is a breath, or noise."""


@dataclass(frozen=True, eq=False)
class Ending:
    """The end of a text chunk, all of it quiet."""

    kept: Samples
    """To be heard in any case."""
    tail: Samples
    """To be heard too where nothing follows."""
    kept_is_cut: bool
    """Whether something was taken off behind ``kept``."""
    tail_is_cut: bool
    """And behind ``tail``."""


class SilenceTrimmer:
    """Trims one text chunk at ``sample_rate`` Hz; ``loudest`` is the request's loudest power before it.

    It holds back less than a frame of speech, and what is 30 dB below its loudest frame.
    """

    def __init__(self, sample_rate: int, loudest: float = 0.0) -> None:
        self.loudest = 0.0
        """The power of the text chunk's loudest frame so far."""
        self._framer = Framer(sample_rate)
        self._onset = max(_FLOOR, loudest * _SILENT)
        self._has_begun = False
        self._held: list[Samples] = []
        self._held_powers: list[float] = []

    def process(self, samples: Samples) -> Samples:
        """Return what is speech, or quiet between speech."""
        out: list[Samples] = [np.zeros(0, np.float32)]
        frames = self._framer.cut(samples)
        for frame, power in zip(frames, frame_powers(frames).tolist(), strict=True):
            self.loudest = max(self.loudest, power)
            self._held.append(frame)
            self._held_powers.append(power)
            if self._is_speech(power):
                self._has_begun = True
                out += self._held
                self._forget()
            elif not self._has_begun:
                self._forget(but=_LEAD)
        return np.concatenate(out)

    def finish(self) -> Ending:
        """Return what is left; nothing can be processed afterwards."""
        rest = self._framer.rest()
        nothing = np.zeros(0, np.float32)
        if not self._has_begun:
            return Ending(nothing, nothing, kept_is_cut=True, tail_is_cut=True)
        if rest.size:
            self._held.append(rest)
            self._held_powers.append(float(frame_powers(rest[np.newaxis])[0]))
        end, silent_until = self._speech_end()
        kept = min(end + round(TAIL_SECONDS * FRAMES_PER_SECOND), silent_until)
        tail = min(end + round(LAST_TAIL_SECONDS * FRAMES_PER_SECOND), silent_until)
        held = len(self._held)
        return Ending(
            np.concatenate([nothing, *self._held[:kept]]),
            np.concatenate([nothing, *self._held[kept:tail]]),
            kept_is_cut=kept < held,
            tail_is_cut=tail < held,
        )

    def _is_speech(self, power: float) -> bool:
        return power > self.loudest * _HELD if self._has_begun else power > self._onset

    def _speech_end(self) -> tuple[int, int]:
        """Return after how many held frames the speech is over, and until where it is silent then."""
        silence = [power <= self.loudest * _SILENT for power in self._held_powers]
        run = 0
        for at, is_silent in enumerate(silence):
            run = run + 1 if is_silent else 0
            following = silence[at + 1] if at + 1 < len(silence) else False
            if run >= _BREATH_GAP and not following:
                return at + 1 - run, at + 1
        return len(silence) - run, len(silence)

    def _forget(self, but: int = 0) -> None:
        forgotten = max(len(self._held) - but, 0)
        del self._held[:forgotten]
        del self._held_powers[:forgotten]
