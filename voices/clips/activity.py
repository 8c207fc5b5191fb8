"""Voice activity: which frames of a recording are speech and which are pauses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voices.clips.levels import FRAMES_PER_SECOND, Levels, mean_level

SILENCE_DBFS = -60.0
"""Speech with loud frames below this is masked by any microphone's self-noise."""
_SPEECH_RANGE_DB = 35.0
"""A frame this far below the loudest speech is a pause, however quiet the room."""
_LEAST_CONTRAST_DB = 6.0
"""Loud and quiet frames are 20 dB apart in speech, even noisy speech, and 3 dB in steady noise or hum."""
_ABOVE_NOISE = 0.35
"""The speech threshold: this fraction of the way (in dB) from the noise to the loudest speech."""
_DIGITAL_SILENCE_DBFS = -105.0
"""Digital silence, below the last of 16 bits (-98 dBFS): made by a gate or an editor, so it tells
nothing about the room's noise."""
_LOUD_RANGE_DB = 15.0
_RARE_SPEECH_DB = 10.0
"""The loudest moments of speech exceed its loud frames by about this."""
_FEW_FRAMES = 5
"""100 ms, the least amount of pause that can be measured."""

_SHORTEST_GAP = round(0.16 * FRAMES_PER_SECOND)
"""Frames. Shorter gaps are inside words: a stop consonant's closure lasts up to 120 ms."""
_SHORTEST_SPEECH = round(0.1 * FRAMES_PER_SECOND)
"""Frames. Shorter sounds are clicks and taps."""

MAX_SNR_DB = 80.0
"""Reported if the pauses are digital silence."""

Mask = npt.NDArray[np.bool_]
Span = tuple[int, int]
"""First frame and end frame (exclusive), in frames of 20 ms."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Level and speech decision for each frame of 20 ms."""

    levels: Levels
    """dBFS, (frames,)."""
    speech: Mask
    """True for speech, (frames,). Gaps inside words count as speech, clicks do not."""

    @property
    def spans(self) -> list[Span]:
        """The runs of speech."""
        return runs(self.speech)

    def snr_db(self, start: int = 0, end: int | None = None) -> float:
        """Estimate the signal-to-noise ratio of frames: the mean speech level above the noise level.

        0 without speech, at most ``MAX_SNR_DB``.
        """
        levels, speech = self.levels[start:end], self.speech[start:end]
        if not speech.any():
            return 0.0
        floor = float(np.median(_noise(levels, speech)))
        return float(np.clip(mean_level(levels[speech]) - floor, 0.0, MAX_SNR_DB))


def find_speech(levels: Levels) -> Activity:
    """Detect speech by level: well above the noise, and within reach of the loudest speech."""
    speech: Mask = np.zeros(len(levels), np.bool_)
    if not levels.size or levels.max() < SILENCE_DBFS:
        return Activity(levels, speech)
    loudest = _loudest(levels)
    # Between the first loud frame and the last: an editor may have added silence around them.
    loud = np.flatnonzero(levels >= loudest - _LOUD_RANGE_DB)
    noise = float(np.percentile(levels[loud[0] : loud[-1] + 1], 5))
    if loudest - noise < _LEAST_CONTRAST_DB:
        return Activity(levels, speech)
    above_noise = noise + _ABOVE_NOISE * min(loudest - noise, _SPEECH_RANGE_DB)
    speech = levels > max(loudest - _SPEECH_RANGE_DB, above_noise)
    _fill(speech, _SHORTEST_GAP, value=True)
    _fill(speech, _SHORTEST_SPEECH, value=False)
    return Activity(levels, speech)


def _loudest(levels: Levels) -> float:
    """Return the level of loud speech, whether it fills the recording or half a second of ten minutes."""
    half_second = float(np.sort(levels)[-min(FRAMES_PER_SECOND // 2, len(levels))])
    return max(float(np.percentile(levels, 95)), half_second - _RARE_SPEECH_DB)


def _noise(levels: Levels, speech: Mask) -> Levels:
    """Return the levels of the frames that show the noise.

    These are pauses between words; else room tone before or after the speech; else its quietest frames.
    """
    first, last = np.flatnonzero(speech)[[0, -1]]
    inside = levels[first : last + 1][~speech[first : last + 1]]
    if len(inside) >= _FEW_FRAMES:
        return inside
    around = levels[~speech & (levels > _DIGITAL_SILENCE_DBFS)]
    if len(around) >= _FEW_FRAMES:
        return around
    return np.sort(levels[speech])[: max(int(speech.sum()) // 20, 1)]


def runs(mask: Mask) -> list[Span]:
    """Return the spans in which ``mask`` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _fill(speech: Mask, shortest: int, *, value: bool) -> None:
    """Set runs of ``not value`` shorter than ``shortest`` frames to ``value``; pauses at the ends stay."""
    for start, end in runs(speech != value):
        at_the_ends = value and (start == 0 or end == len(speech))
        if end - start < shortest and not at_the_ends:
            speech[start:end] = value
