"""Atoms: the pieces of speech that a selection is made of, each between two places to cut."""

from dataclasses import dataclass
from itertools import pairwise

from voices.clips.activity import Activity, Span
from voices.clips.levels import FRAMES_PER_SECOND

MARGIN = round(0.1 * FRAMES_PER_SECOND)
"""Frames of pause kept around speech, so that no soft onset and no fading end is cut off."""
LONGEST_PAUSE = round(0.7 * FRAMES_PER_SECOND)
"""Frames. A longer pause inside the selection is shortened to this: what listens to 10 s should hear speech,
and a voice cloned from long pauses makes long pauses."""
_LONGEST_ATOM = 5 * FRAMES_PER_SECOND
"""Speech without a pause for so long is divided at its quietest frame: 10 to 15 s can always be had."""
_EDGE = FRAMES_PER_SECOND
"""And not within a second of its ends."""


@dataclass(frozen=True)
class Atom:
    """Speech from frame ``start`` up to ``end``; an end is hard where it cuts through speech."""

    start: int
    end: int
    hard_start: bool = False
    hard_end: bool = False


def atoms(activity: Activity, longest: int = _LONGEST_ATOM) -> list[Atom]:
    """Divide a recording's speech at its pauses, and where there is none for ``longest`` frames, at dips."""
    pieces: list[Atom] = []
    for start, end in activity.spans:
        cuts = [start, *_dips(activity, start, end, longest), end]
        pieces += [
            Atom(first, last, hard_start=first != start, hard_end=last != end)
            for first, last in pairwise(cuts)
        ]
    return pieces


def spans_with_pauses(chosen: list[Atom], frames: int) -> list[Span]:
    """Return what to keep of a recording (``frames`` long): atoms, margins, at most 0.7 s of each pause."""
    first, last = chosen[0], chosen[-1]
    start = first.start if first.hard_start else max(first.start - MARGIN, 0)
    end = last.end if last.hard_end else min(last.end + MARGIN, frames)
    spans: list[Span] = []
    for before, after in pairwise(chosen):
        if after.start - before.end > LONGEST_PAUSE:
            # Both sides keep half, so that the end of one word and the breath before the next stay.
            spans.append((start, before.end + LONGEST_PAUSE // 2))
            start = after.start - (LONGEST_PAUSE - LONGEST_PAUSE // 2)
    return [*spans, (start, end)]


def _dips(activity: Activity, start: int, end: int, longest: int) -> list[int]:
    """Return where to divide, each time at the quietest frame near the middle of what is left too long."""
    if end - start <= longest:
        return []
    edge = min(_EDGE, (end - start) // 4)
    # Within reach of ``longest`` from the start, so that every piece but the last is about that long.
    until = min(start + longest, end - edge)
    cut = start + edge + int(activity.levels[start + edge : until].argmin())
    return [cut, *_dips(activity, cut, end, longest)]
