"""Selection of the best 10 to 15 seconds of a recording."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voices.clips.activity import Span
from voices.clips.assessment import Assessment
from voices.clips.atoms import LONGEST_PAUSE, MARGIN, Atom, atoms, spans_with_pauses
from voices.clips.findings import GOOD_SECONDS, MAX_REFERENCE_SECONDS
from voices.clips.levels import FRAMES_PER_SECOND, mean_level

_GOOD_SNR_DB = 40.0
"""A higher ratio is not audible."""
_UNEVEN_DB = 10.0
"""Standard deviation of the phrases' levels that gets the worst score: the speaker turned away."""
_MUCH_CLIPPED = 0.01
_LONGEST_ATOM_OF_SHARE = 3
"""An atom is at most this fraction of a recording's share, which may be a few seconds, so that some fit."""
_WEIGHTS = {"speech": 2.0, "length": 2.0, "snr": 1.0, "evenness": 1.0, "clipping": 2.0, "cuts": 1.0}
"""Weights of the scores. The encoders need much speech and suffer most from clipping; noise and level vary
little within one recording."""


@dataclass(frozen=True)
class Kept:
    """The part of one recording that was kept, with the reasons."""

    index: int
    """Index of the recording, from 0."""
    clip: str
    start: float
    """In seconds of the source, like ``end``."""
    end: float
    seconds: float
    """Duration after its pauses were shortened."""
    spans: tuple[tuple[float, float], ...]
    """In seconds of the source; more than one if a long pause was shortened."""
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """Consecutive atoms with their scores."""

    spans: tuple[Span, ...]
    """Frames of 20 ms in the source."""
    speech_frames: int
    scores: dict[str, float]
    """By criterion, each 0 to 1."""
    hard_cuts: int

    @property
    def frames(self) -> int:
        """Length after its pauses were shortened."""
        return sum(end - start for start, end in self.spans)

    @property
    def score(self) -> float:
        """The weighted sum of the scores: higher is better."""
        return sum(_WEIGHTS[name] * score for name, score in self.scores.items())


def select(assessment: Assessment, longest: float = MAX_REFERENCE_SECONDS) -> Window | None:
    """Choose the best window of at most ``longest`` seconds; None without speech.

    The window has at least two thirds of that length if the recording does. It begins and ends in pauses,
    or at a dip within speech that has no pause for 5 s.
    """
    most = int(longest * FRAMES_PER_SECOND)
    pieces = atoms(assessment.activity, max(most // _LONGEST_ATOM_OF_SHARE, 2))
    least = int(most * GOOD_SECONDS / MAX_REFERENCE_SECONDS)
    best: Window | None = None
    fallback: Window | None = None
    for chosen in _runs_of_atoms(pieces, most):
        window = _window(assessment, chosen, most)
        if window.frames > most:
            continue
        if window.frames >= least and (best is None or window.score > best.score):
            best = window
        if fallback is None or window.speech_frames > fallback.speech_frames:
            fallback = window
    return best or fallback


def describe(window: Window, assessment: Assessment, index: int = 0) -> Kept:
    """Describe the part of a recording that a window keeps."""
    start, end = window.spans[0][0], window.spans[-1][1]
    whole = assessment.measurements
    share = window.speech_frames / window.frames
    reasons = [f"{share:.0%} of it is speech, {whole.speech_seconds / whole.seconds:.0%} of the recording"]
    reasons.append(f"signal-to-noise {assessment.activity.snr_db(start, end):.0f} dB")
    if whole.clipped_share:
        clipped = float(assessment.clipped[start:end].sum()) / max(window.speech_frames, 1)
        reasons.append(f"{clipped:.1%} clipped, {whole.clipped_share:.1%} of the recording")
    if shortened := len(window.spans) - 1:
        lost = (end - start - window.frames) / FRAMES_PER_SECOND
        reasons.append(f"{shortened} long pauses shortened by {lost:.1f} s in all")
    reasons.append(_how_it_is_cut(window, assessment))
    return Kept(
        index=index,
        clip=assessment.name,
        start=start / FRAMES_PER_SECOND,
        end=end / FRAMES_PER_SECOND,
        seconds=window.frames / FRAMES_PER_SECOND,
        spans=tuple((first / FRAMES_PER_SECOND, last / FRAMES_PER_SECOND) for first, last in window.spans),
        reasons=tuple(reasons),
    )


def _how_it_is_cut(window: Window, assessment: Assessment) -> str:
    if window.hard_cuts:
        return "cut at the quietest place within reach, because there is no pause"
    speech = assessment.activity.speech
    start, end = window.spans[0][0], window.spans[-1][1]
    if speech[start] or speech[end - 1]:
        return "the recording itself begins or ends within speech"
    return "begins and ends in pauses"


def _runs_of_atoms(pieces: list[Atom], most: int) -> Iterator[list[Atom]]:
    """Yield every run of consecutive atoms that can fit into ``most`` frames."""
    for first in range(len(pieces)):
        frames = 0
        for last in range(first, len(pieces)):
            pause = pieces[last].start - pieces[last - 1].end if last > first else 0
            frames += pieces[last].end - pieces[last].start + min(pause, LONGEST_PAUSE)
            if frames > most:
                break
            yield pieces[first : last + 1]


def _window(assessment: Assessment, chosen: list[Atom], most: int) -> Window:
    activity = assessment.activity
    spans = spans_with_pauses(chosen, len(activity.levels))
    start, end = spans[0][0], spans[-1][1]
    # Margins are given up if only they make the window too long.
    surplus = sum(last - first for first, last in spans) - most
    if 0 < surplus <= 2 * MARGIN:
        spans[0] = (min(spans[0][0] + surplus // 2, chosen[0].start), spans[0][1])
        surplus = sum(last - first for first, last in spans) - most
        spans[-1] = (spans[-1][0], max(spans[-1][1] - surplus, chosen[-1].end))
    frames = sum(last - first for first, last in spans)
    speech = sum(atom.end - atom.start for atom in chosen)
    levels = [mean_level(activity.levels[atom.start : atom.end]) for atom in chosen]
    clipped = float(assessment.clipped[start:end].sum()) / speech
    hard_cuts = chosen[0].hard_start + chosen[-1].hard_end
    scores = {
        "speech": speech / frames,
        "length": min(frames / most, 1.0),
        "snr": min(activity.snr_db(start, end) / _GOOD_SNR_DB, 1.0),
        "evenness": 1 - min(float(np.std(levels)) / _UNEVEN_DB, 1.0),
        "clipping": 1 - min(clipped / _MUCH_CLIPPED, 1.0),
        "cuts": 1 - hard_cuts / 2,
    }
    return Window(tuple(spans), speech, scores, hard_cuts)
