"""Preparation: turns recordings into a reference clip by selection, cutting and loudness matching."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voices.clips.activity import find_speech
from voices.clips.assessment import Assessment, assess
from voices.clips.clip import Clip
from voices.clips.editing import cut, join, normalised
from voices.clips.findings import (
    GOOD_SECONDS,
    MAX_REFERENCE_SECONDS,
    MIN_SPEECH_SECONDS,
    Finding,
    short,
    too_short,
    unused,
)
from voices.clips.levels import FRAMES_PER_SECOND, decibels, frame_levels, loudness_lufs
from voices.clips.selection import Kept, Window, describe, select
from voices.errors import InvalidClip
from voices.voice import ClipFacts

MAX_RECORDINGS = 10
_PAUSE_SECONDS = 0.3
"""Pause between two recordings, as between two phrases."""
_LEAST_SHARE_SECONDS = 2.5
"""A shorter part holds no complete phrase, so only the best recordings are used if there are too many."""


@dataclass(frozen=True)
class PreparedClip:
    """A reference clip ready for publication, with its measurements and origin."""

    clip: Clip
    facts: ClipFacts
    kept: tuple[Kept, ...] = ()
    findings: tuple[Finding, ...] = ()
    """The warnings."""


@dataclass(frozen=True, eq=False)
class Examination:
    """The result of preparing recordings, usable or not."""

    assessments: tuple[Assessment, ...]
    kept: tuple[Kept, ...]
    findings: tuple[Finding, ...]
    prepared: PreparedClip | None
    """None if any finding is an error."""

    def accepted(self, *, strict: bool = False) -> PreparedClip:
        """Return the prepared clip; raises ``InvalidClip``, which names every finding that prevents it."""
        fatal = [each for each in self.findings if strict or each.severity == "error"]
        if fatal or self.prepared is None:
            named = len(self.assessments) > 1
            said = (f"{each.clip}: {each}" if named and each.clip else str(each) for each in fatal)
            raise InvalidClip(" ".join(said), reason=fatal[0].code)
        return self.prepared


def prepare_clip(recordings: Clip | Sequence[Clip], *, strict: bool = False) -> PreparedClip:
    """Make a reference clip from one or several recordings of the same voice.

    Raises ``InvalidClip`` if a recording is silent or all together have less than 5 s of speech; with
    ``strict`` also for any warning.
    """
    return examine(recordings).accepted(strict=strict)


def check_number(clips: int) -> None:
    """Raise ``InvalidClip`` unless the number of clips is valid; call it before decoding them."""
    if not 1 <= clips <= MAX_RECORDINGS:
        raise InvalidClip(f"Give 1 to {MAX_RECORDINGS} clips for a voice, not {clips}.")


def examine(recordings: Clip | Sequence[Clip]) -> Examination:
    """Assess recordings, and prepare them if they are usable; raises ``InvalidClip`` for a wrong number.

    Several recordings share the 15 s equally and keep their order; a short one leaves the rest of its share
    to the others. The user wants all clips heard, while by quality alone one of them could win all 15 s. If
    more are given than fit (at 2.5 s each), the worst are dropped.
    """
    clips = [recordings] if isinstance(recordings, Clip) else list(recordings)
    check_number(len(clips))
    assessments = tuple(assess(clip) for clip in clips)
    windows = _share(assessments)
    places = {id(assessment): index for index, assessment in enumerate(assessments)}
    kept = tuple(describe(window, each, places[id(each)]) for each, window in windows)
    findings = [finding for assessment in assessments for finding in assessment.findings]
    speech_seconds = sum(window.speech_frames for _, window in windows) / FRAMES_PER_SECOND
    used = {id(assessment) for assessment, _ in windows}
    findings += [unused(each.name) for each in assessments if windows and id(each) not in used]
    if speech_seconds < MIN_SPEECH_SECONDS and not any(each.severity == "error" for each in findings):
        findings.append(too_short(speech_seconds))
    if any(finding.severity == "error" for finding in findings):
        return Examination(assessments, kept, tuple(findings), None)
    clip = _produce(windows)
    if clip.seconds < GOOD_SECONDS:
        findings.append(short(clip.seconds))
    prepared = PreparedClip(clip, clip_facts(clip, speech_seconds), kept, tuple(findings))
    return Examination(assessments, kept, tuple(findings), prepared)


def _share(assessments: Sequence[Assessment]) -> list[tuple[Assessment, Window]]:
    """Select the best window of each recording's share; the shortest go first and leave the others more."""
    chosen = {id(each): window for each in assessments if (window := select(each))}
    most = int((MAX_REFERENCE_SECONDS + _PAUSE_SECONDS) / (_LEAST_SHARE_SECONDS + _PAUSE_SECONDS))
    best = sorted(chosen, key=lambda each: chosen[each].score, reverse=True)[:most]
    left = MAX_REFERENCE_SECONDS - _PAUSE_SECONDS * (len(best) - 1)
    waiting = sorted(
        (each for each in assessments if id(each) in best), key=lambda each: chosen[id(each)].frames
    )
    shares: dict[int, Window] = {}
    while waiting:
        assessment = waiting.pop(0)
        share = left / (len(waiting) + 1)
        whole = chosen[id(assessment)]
        window = whole if whole.frames <= share * FRAMES_PER_SECOND else select(assessment, share)
        if window is not None:
            shares[id(assessment)] = window
            left -= window.frames / FRAMES_PER_SECOND
    return [(each, shares[id(each)]) for each in assessments if id(each) in shares]


def _produce(windows: Sequence[tuple[Assessment, Window]]) -> Clip:
    """Cut out the windows, match their loudness, and join them."""
    parts = [normalised(cut(assessment.recording, window.spans)) for assessment, window in windows]
    return normalised(join(parts, _PAUSE_SECONDS)).quantised()


def clip_facts(clip: Clip, speech_seconds: float | None = None) -> ClipFacts:
    """Measure a prepared clip; detects its speech unless ``speech_seconds`` is given."""
    if speech_seconds is None:
        speech_seconds = assess(clip).measurements.speech_seconds
    return ClipFacts(
        seconds=round(clip.seconds, 3),
        speech_seconds=round(speech_seconds, 3),
        sample_rate=clip.sample_rate,
        loudness_lufs=round(loudness_lufs(clip), 2),
        peak_dbfs=round(float(decibels(np.abs(clip.samples).max())), 2),
        snr_db=round(find_speech(frame_levels(clip)).snr_db(), 1),
    )
