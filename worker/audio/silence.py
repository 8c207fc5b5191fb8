"""Trims silence from the ends of a text chunk, so that pauses can be set; speech is never cut.

Levels are relative to the text chunk's loudest frame so far, in frames of 10 ms, so the result depends
neither on the voice's level nor on the block size.
"""

from dataclasses import dataclass

import numpy as np

from voices.clips.clip import Samples
from worker.audio.framing import FRAMES_PER_SECOND, Framer, frame_powers, power_ratio

TAIL_SECONDS = 0.04
"""Kept after the last sound, which fades and is not cut off."""
LAST_TAIL_SECONDS = 0.2
"""Upper bound of the tail after the request's last sound."""

_HELD = power_ratio(-30.0)
"""Quieter frames are held back until speech continues: they may be the end."""
_SILENT = power_ratio(-45.0)
_FLOOR = power_ratio(-60.0)
"""Relative to full scale: silence before the first sound, while the speech's level is unknown."""
_LEAD = 3
"""Frames kept before the first sound, which may begin softly."""
_BREATH_GAP = 15
"""Frames of silence that no sound of speech contains; the closure of a "t" is half as long.

Quiet frames from there to the end are breath or noise.
"""


@dataclass(frozen=True, eq=False)
class QuietEnd:
    """The quiet end of a text chunk."""

    kept: Samples
    """Always played."""
    tail: Samples
    """Also played if nothing follows."""
    kept_is_cut: bool
    """Whether samples were removed after ``kept``."""
    tail_is_cut: bool
    """Whether samples were removed after ``tail``."""


class SilenceTrimmer:
    """Trims one text chunk at ``sample_rate`` Hz; ``loudest`` is the request's loudest power before it.

    It holds back less than one frame of speech, and frames 30 dB below the loudest one.
    """

    def __init__(self, sample_rate: int, loudest: float = 0.0) -> None:
        self.loudest = 0.0
        """Power of the text chunk's loudest frame so far."""
        self._framer = Framer(sample_rate)
        self._onset = max(_FLOOR, loudest * _SILENT)
        self._has_begun = False
        self._held: list[Samples] = []
        self._held_powers: list[float] = []

    def process(self, samples: Samples) -> Samples:
        """Return the samples that are speech, or quiet between speech."""
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

    def finish(self) -> QuietEnd:
        """Return the rest; the trimmer cannot be used afterwards."""
        rest = self._framer.rest()
        nothing = np.zeros(0, np.float32)
        if not self._has_begun:
            return QuietEnd(nothing, nothing, kept_is_cut=True, tail_is_cut=True)
        if rest.size:
            self._held.append(rest)
            self._held_powers.append(float(frame_powers(rest[np.newaxis])[0]))
        end, silent_until = self._speech_end()
        kept = min(end + round(TAIL_SECONDS * FRAMES_PER_SECOND), silent_until)
        tail = min(end + round(LAST_TAIL_SECONDS * FRAMES_PER_SECOND), silent_until)
        held = len(self._held)
        return QuietEnd(
            np.concatenate([nothing, *self._held[:kept]]),
            np.concatenate([nothing, *self._held[kept:tail]]),
            kept_is_cut=kept < held,
            tail_is_cut=tail < held,
        )

    def _is_speech(self, power: float) -> bool:
        return power > self.loudest * _HELD if self._has_begun else power > self._onset

    def _speech_end(self) -> tuple[int, int]:
        """Return the number of held frames before the speech ends, and the end of the silence after it."""
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
