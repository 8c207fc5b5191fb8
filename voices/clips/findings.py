"""Findings: problems of a recording, each with its measured value and advice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voices.clips.activity import SILENCE_DBFS

if TYPE_CHECKING:
    from voices.clips.measurements import Measurements

Severity = Literal["error", "warning"]

MIN_SPEECH_SECONDS = 5.0
"""Chatterbox refuses shorter references."""
GOOD_SECONDS = 10.0
"""S3Gen, which makes the timbre, uses the first 10 s and repeats a shorter clip."""
MAX_REFERENCE_SECONDS = 15.0
"""T3 uses the first 15 s; anything longer would be stored for nothing."""

CLIPPED_SHARE = 0.001
"""One sample in a thousand: clipping becomes audible as roughness, and the clone copies it. A single peak
at full scale, as after normalising, is a hundred times less."""
LEAST_SNR_DB = 20.0
"""Below this the room is audible in every pause, and the clone copies it. A studio has 60 dB, a quiet
living room 35, a street 15."""
QUIET_LUFS = -40.0
"""Chatterbox needs -27 LUFS; from here that takes 13 dB of gain or more, which amplifies the noise too."""
NARROW_BAND_HZ = 5_500.0
"""Telephone audio ends at 3.4 to 4 kHz, wideband calls at 7. Without the range above 5.5 kHz the clone
lacks s and f."""
DC_OFFSET = 0.02
"""2 % of full scale; a working A/D converter stays within 0.1 %."""


@dataclass(frozen=True)
class Finding:
    """A problem: an error makes the clip unusable, a warning makes the voice worse."""

    code: str
    """Stable, for programs."""
    severity: Severity
    clip: str
    """The recording's name; "" for all recordings together."""
    message: str
    """The problem, with the measured value."""
    advice: str

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"


def silent(clip: str) -> Finding:
    """Report a silent recording."""
    return Finding(
        "silent",
        "error",
        clip,
        f"The clip is silent: nothing in it is louder than {SILENCE_DBFS:.0f} dBFS.",
        "Check that the microphone was on, and record 10 to 15 seconds of clear speech.",
    )


def too_short(speech_seconds: float) -> Finding:
    """Report too little speech to clone."""
    return Finding(
        "too_short",
        "error",
        "",
        f"The clip has only {speech_seconds:.1f} s of speech.",
        f"At least {MIN_SPEECH_SECONDS:.0f} s are needed, and 10 to 15 s are best: record more, "
        "or add a second clip.",
    )


def unused(clip: str) -> Finding:
    """Report a clip that was not used, among several."""
    return Finding(
        "unused",
        "warning",
        clip,
        "It was not used: it has no clear speech, or the other clips are better and fill the 15 s.",
        "Leave it out, or record it again.",
    )


def short(seconds: float) -> Finding:
    """Report a reference clip that is shorter than recommended."""
    return Finding(
        "short",
        "warning",
        "",
        f"Only {seconds:.1f} s of speech could be kept.",
        "The timbre is taken from 10 s: record 10 to 15 s, or add a second clip.",
    )


def _damaged(measured: "Measurements") -> tuple[str, str] | None:
    if not measured.lost_seconds:
        return None
    lost, total = max(measured.lost_seconds, 0.01), measured.seconds + measured.lost_seconds
    return (
        f"It is damaged or cut short: {lost:.2f} s of {total:.1f} s are missing ({lost / total:.1%}).",
        "The rest is used; prefer an undamaged copy if you have one.",
    )


def _clipped(measured: "Measurements") -> tuple[str, str] | None:
    if measured.clipped_share < CLIPPED_SHARE:
        return None
    return (
        f"It is clipped: {measured.clipped_share:.1%} of the samples in speech are at the limit.",
        "Record again with less gain, peaks at -6 dBFS.",
    )


def _noisy(measured: "Measurements") -> tuple[str, str] | None:
    if measured.snr_db >= LEAST_SNR_DB:
        return None
    return (
        f"It is noisy: the pauses are only {measured.snr_db:.0f} dB below the speech.",
        "Record in a quieter room or closer to the microphone; aim for 30 dB.",
    )


def _quiet(measured: "Measurements") -> tuple[str, str] | None:
    if measured.loudness_lufs >= QUIET_LUFS:
        return None
    return (
        f"It is quiet: {measured.loudness_lufs:.0f} LUFS, with peaks at {measured.peak_dbfs:.0f} dBFS.",
        "Speak closer to the microphone or raise its gain, so that peaks reach -12 to -6 dBFS.",
    )


def _narrow_band(measured: "Measurements") -> tuple[str, str] | None:
    if measured.bandwidth_hz >= NARROW_BAND_HZ:
        return None
    claimed = f", though the file has {measured.sample_rate} Hz" if measured.sample_rate > 16_000 else ""  # noqa: PLR2004
    return (
        f"It sounds like a telephone: its spectrum ends at {measured.bandwidth_hz / 1000:.1f} kHz{claimed}.",
        "Use the original recording, at 24 kHz or more.",
    )


def _dc_offset(measured: "Measurements") -> tuple[str, str] | None:
    if abs(measured.dc_offset) < DC_OFFSET:
        return None
    return (
        f"It has a DC offset of {measured.dc_offset:.1%} of full scale, which was removed.",
        "Check the sound card and the cable: an offset costs headroom.",
    )


_WARNINGS: dict[str, Callable[["Measurements"], tuple[str, str] | None]] = {
    "damaged": _damaged,
    "clipped": _clipped,
    "noisy": _noisy,
    "quiet": _quiet,
    "narrow_band": _narrow_band,
    "dc_offset": _dc_offset,
}


def judge(measured: "Measurements", clip: str) -> tuple[Finding, ...]:
    """Return the findings about one recording; a silent one has only that finding.

    The amount of speech is judged over all clips of a voice together, not here.
    """
    if measured.peak_dbfs < SILENCE_DBFS:
        return (silent(clip),)
    checks = _WARNINGS if measured.speech_seconds else {"damaged": _damaged}
    found = ((code, check(measured)) for code, check in checks.items())
    return tuple(Finding(code, "warning", clip, *said) for code, said in found if said)
