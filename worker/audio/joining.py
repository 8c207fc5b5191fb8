"""Joins text chunks into one speech: trims silence, inserts pauses, keeps one level."""

import numpy as np

from voices.clips.clip import Samples
from worker.audio.level import LevelKeeper
from worker.audio.silence import SilenceTrimmer

_FADE_SECONDS = 0.005


class SpeechJoiner:
    """Joins one request's text chunks: each is begun, processed block by block, and ended.

    All positions are in samples at ``sample_rate`` Hz, counted from the beginning of the joined speech.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._level = LevelKeeper(sample_rate)
        self._loudest = 0.0
        self._trimmer = SilenceTrimmer(sample_rate)
        self._nothing: Samples = np.zeros(0, np.float32)
        self._before_next = self._at_the_end = self._nothing
        self._given = 0
        self.begun_at: int | None = None
        """Where the current text chunk's speech begins; None until it has some."""

    def begin(self) -> None:
        """Start the next text chunk."""
        self._trimmer = SilenceTrimmer(self._sample_rate, self._loudest)
        self.begun_at = None

    def process(self, samples: Samples) -> Samples:
        """Return the text chunk's samples that are final by now, including the pause before it."""
        return self._give(self._level.process(self._trimmer.process(samples)))

    def end(self, pause_seconds: float) -> Samples:
        """Return the rest of the text chunk; a pause follows it if more speech does."""
        ending = self._trimmer.finish()
        self._loudest = max(self._loudest, self._trimmer.loudest)
        rest = self._level.process(np.concatenate([ending.kept, ending.tail]))
        rest = np.concatenate([rest, self._level.flush()])
        kept = len(rest) - len(ending.tail)
        # Only quiet samples are faded: after a cut, at least that much of the tail was kept.
        fade = round(_FADE_SECONDS * self._sample_rate)
        fixed = max(kept - fade, 0) if ending.kept_is_cut else kept
        heard = self._give(rest[:fixed])
        if self.begun_at is None:
            return heard  # it was silent: the pause before it also serves as the pause after it
        short, long = rest[fixed:kept], rest[fixed:]
        pause = np.zeros(round(pause_seconds * self._sample_rate), np.float32)
        self._before_next = np.concatenate([_faded(short), pause])
        self._at_the_end = _faded(long, fade) if ending.tail_is_cut else long
        return heard

    def finish(self) -> Samples:
        """Return the speech's faded end; no text chunk can be begun afterwards."""
        last, self._at_the_end = self._at_the_end, self._nothing
        return last

    @property
    def position(self) -> int:
        """Where the next text chunk would begin."""
        return self._given + len(self._before_next)

    def _give(self, samples: Samples) -> Samples:
        if not samples.size:
            return samples
        if self.begun_at is None:
            self.begun_at = self.position
            samples = np.concatenate([self._before_next, samples])
            self._before_next = self._at_the_end = self._nothing
        self._given += len(samples)
        return samples


def _faded(samples: Samples, length: int | None = None) -> Samples:
    """Return ``samples`` faded to zero over their last ``length``, or over all of them."""
    length = len(samples) if length is None else min(length, len(samples))
    fade = np.ones(len(samples), np.float32)
    fade[len(samples) - length :] = np.linspace(1.0, 0.0, length, endpoint=False, dtype=np.float32)
    return samples * fade
