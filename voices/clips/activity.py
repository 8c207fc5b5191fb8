"""Activity: which frames of a recording are speech, and which are pauses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voices.clips.levels import FRAMES_PER_SECOND, Levels, mean_level

SILENCE_DBFS = -60.0
"""Speech whose loud frames are below this is inaudible beside any microphone's own noise."""
_SPEECH_RANGE_DB = 35.0
"""What is this far below the loudest speech is a pause, however quiet the room."""
_LEAST_CONTRAST_DB = 6.0
"""Loud and quiet frames of speech lie 20 dB apart even in noise; those of steady noise or hum 3 dB."""
_ABOVE_NOISE = 0.35
"""Speech begins this part of the way (in dB) from the noise up to the loudest speech."""
_DIGITAL_SILENCE_DBFS = -105.0
"""Not noise but nothing (the last of 16 bits is at -98): a gate or an editor made it, and it says nothing
about the room."""
_LOUD_RANGE_DB = 15.0
_RARE_SPEECH_DB = 10.0
"""So far do the loudest moments of speech stand out from its loud frames."""
_FEW_FRAMES = 5
"""100 ms of pauses: fewer cannot be measured."""

_SHORTEST_GAP = round(0.16 * FRAMES_PER_SECOND)
"""Shorter gaps are inside words: a stop consonant holds its breath for up to 120 ms."""
_SHORTEST_SPEECH = round(0.1 * FRAMES_PER_SECOND)
"""Shorter sounds are clicks and taps."""

MAX_SNR_DB = 80.0
"""Reported where the pauses are digital silence."""

Mask = npt.NDArray[np.bool_]
Span = tuple[int, int]
"""From a frame up to another, in frames of 20 ms."""


@dataclass(frozen=True, eq=False)
class Activity:
    """What was heard in each frame of 20 ms."""

    levels: Levels
    """dBFS, (frames,)."""
    speech: Mask
    """Gaps inside words count as speech, clicks do not."""

    @property
    def spans(self) -> list[Span]:
        """Where speech begins and ends."""
        return runs(self.speech)

    def snr_db(self, start: int = 0, end: int | None = None) -> float:
        """Estimate the signal-to-noise ratio of frames: the mean level of speech over that of pauses.

        0 without speech, ``MAX_SNR_DB`` where no noise is to be heard.
        """
        levels, speech = self.levels[start:end], self.speech[start:end]
        if not speech.any():
            return 0.0
        floor = float(np.median(_noise(levels, speech)))
        return float(np.clip(mean_level(levels[speech]) - floor, 0.0, MAX_SNR_DB))


def find_speech(levels: Levels) -> Activity:
    """Tell speech from pauses by level: above the noise, and near enough to the loudest speech."""
    speech: Mask = np.zeros(len(levels), np.bool_)
    if not levels.size or levels.max() < SILENCE_DBFS:
        return Activity(levels, speech)
    loudest = _loudest(levels)
    # Between the first loud frame and the last: what an editor put around them tells nothing.
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
    """Return the level of loud speech, be it all of the recording or half a second of ten minutes."""
    half_second = float(np.sort(levels)[-min(FRAMES_PER_SECOND // 2, len(levels))])
    return max(float(np.percentile(levels, 95)), half_second - _RARE_SPEECH_DB)


def _noise(levels: Levels, speech: Mask) -> Levels:
    """Return the levels of the frames that show the noise beside speech.

    Pauses between words at best; else room tone before or after; else the quietest of the speech.
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
    """Return where ``mask`` is true, as spans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _fill(speech: Mask, shortest: int, *, value: bool) -> None:
    """Set what is shorter than ``shortest`` frames and not ``value`` to ``value``; the ends stay pauses."""
    for start, end in runs(speech != value):
        at_the_ends = value and (start == 0 or end == len(speech))
        if end - start < shortest and not at_the_ends:
            speech[start:end] = value
