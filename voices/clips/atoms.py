"""Atoms: the indivisible pieces of speech of which a selection consists, from one cut to the next."""

from dataclasses import dataclass
from itertools import pairwise

from voices.clips.activity import Activity, Span
from voices.clips.levels import FRAMES_PER_SECOND

MARGIN = round(0.1 * FRAMES_PER_SECOND)
"""Frames of pause kept around speech, so that soft onsets and fading ends survive."""
LONGEST_PAUSE = round(0.7 * FRAMES_PER_SECOND)
"""Frames. Longer pauses inside the selection are shortened to this: an encoder of 10 s should hear speech,
and a voice cloned from long pauses makes long pauses."""
_LONGEST_ATOM = 5 * FRAMES_PER_SECOND
"""Frames. Longer speech without a pause is divided at its quietest frame, so that 10 to 15 s always fit."""
_EDGE = FRAMES_PER_SECOND
"""Frames at both ends of such speech in which it is not divided: one second."""


@dataclass(frozen=True)
class Atom:
    """Speech from frame ``start`` up to ``end``; a hard start or end cuts through speech."""

    start: int
    end: int
    hard_start: bool = False
    hard_end: bool = False


def atoms(activity: Activity, longest: int = _LONGEST_ATOM) -> list[Atom]:
    """Divide a recording's speech at its pauses, and at dips if there is no pause for ``longest`` frames."""
    pieces: list[Atom] = []
    for start, end in activity.spans:
        cuts = [start, *_dips(activity, start, end, longest), end]
        pieces += [
            Atom(first, last, hard_start=first != start, hard_end=last != end)
            for first, last in pairwise(cuts)
        ]
    return pieces


def spans_with_pauses(chosen: list[Atom], frames: int) -> list[Span]:
    """Return the spans to keep of ``frames``: the atoms, margins, and at most 0.7 s of each pause."""
    first, last = chosen[0], chosen[-1]
    start = first.start if first.hard_start else max(first.start - MARGIN, 0)
    end = last.end if last.hard_end else min(last.end + MARGIN, frames)
    spans: list[Span] = []
    for before, after in pairwise(chosen):
        if after.start - before.end > LONGEST_PAUSE:
            # Half is kept on each side: the end of one word and the breath before the next.
            spans.append((start, before.end + LONGEST_PAUSE // 2))
            start = after.start - (LONGEST_PAUSE - LONGEST_PAUSE // 2)
    return [*spans, (start, end)]


def _dips(activity: Activity, start: int, end: int, longest: int) -> list[int]:
    """Return the frames at which to divide: repeatedly the quietest within reach, until all parts fit."""
    if end - start <= longest:
        return []
    edge = min(_EDGE, (end - start) // 4)
    # At most ``longest`` from the start, so that no piece is longer.
    until = min(start + longest, end - edge)
    cut = start + edge + int(activity.levels[start + edge : until].argmin())
    return [cut, *_dips(activity, cut, end, longest)]
