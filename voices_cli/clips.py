"""Clips on the command line: decoding, preparation, and the report of findings and kept parts."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices.errors import InvalidClip
from voices.extras import MissingExtra, require
from voices.whole_file import check_writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voices.clips.assessment import Assessment
    from voices.clips.clip import Clip
    from voices.clips.findings import Finding
    from voices.clips.preparation import Examination, PreparedClip
    from voices.clips.selection import Kept
    from voices_cli.output import Output

Clips = Annotated[
    list[Path],
    typer.Argument(
        metavar="CLIP...",
        help="10 to 15 seconds of clear speech, in any common audio format. The best part of a longer "
        "recording is kept; several clips are joined.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings about a clip as errors.")]
Plot = Annotated[
    Path | None, typer.Option(help="Plot the findings and the kept parts to a PNG file.", dir_okay=False)
]


def prepare_clip(
    clips: "Sequence[Path]", output: "Output", *, strict: bool, plot: Path | None
) -> "PreparedClip":
    """Make the reference clip of a voice; print the warnings, and plot the findings to ``plot``.

    Raises ``InvalidClip`` like ``voices.clips.preparation.prepare_clip``, after the plot is drawn.
    """
    from voices.clips.preparation import examine

    if plot is not None:
        _check_plot(plot)
    with output.step(f"preparing {', '.join(clip.name for clip in clips)}"):
        examination = examine(_decode(clips))
    if plot is not None:
        _draw(examination, plot, output)
    prepared = examination.accepted(strict=strict)
    for finding in prepared.findings:
        output.note(_finding_line(finding))
    return prepared


def check(clips: "Sequence[Path]", output: "Output", *, strict: bool, plot: Path | None) -> None:
    """Report on clips without making a voice; exits with status 5 if they are unusable."""
    from voices.clips.findings import Finding
    from voices.clips.preparation import examine
    from voices_cli.output import EXIT_CODES

    examination: Examination | None = None
    if plot is not None:
        check_writable(plot)
    try:
        with output.step(f"checking {', '.join(clip.name for clip in clips)}"):
            examination = examine(_decode(clips))
        findings = examination.findings
    except InvalidClip as error:  # the clips could not even be decoded
        findings = (Finding(error.reason, "error", "", error.message, ""),)
    undrawn: MissingExtra | None = None
    if plot is not None and examination is not None:
        try:
            _check_plot(plot)
            _draw(examination, plot, output)
        except MissingExtra as error:  # reported after the findings
            undrawn = error
    usable = not any(strict or finding.severity == "error" for finding in findings)
    kept = examination.kept if usable and examination else ()
    recordings = examination.assessments if examination else ()
    output.result(
        {
            "usable": usable,
            "recordings": [{"clip": each.name, **asdict(each.measurements)} for each in recordings],
            **report(findings, kept),
            **({"picture": {"error": undrawn.as_dict()}} if undrawn else {}),
        },
        *(line for each in recordings for line in _numbers(each)),
        *(_finding_line(finding) for finding in findings),
        *(_kept_line(each) for each in kept),
        _verdict(findings, usable=usable),
    )
    if undrawn:
        output.error(undrawn)
    if not usable:
        raise typer.Exit(EXIT_CODES[InvalidClip.code])
    if undrawn:
        raise typer.Exit(EXIT_CODES[undrawn.code])


def report(findings: "Sequence[Finding]", kept: "Sequence[Kept]") -> dict[str, Any]:
    """Return findings and kept parts as JSON."""
    return {"findings": [asdict(each) for each in findings], "kept": [asdict(each) for each in kept]}


def kept_lines(prepared: "PreparedClip") -> list[str]:
    """Return one line about the kept part of each recording."""
    return [_kept_line(each) for each in prepared.kept]


def _decode(clips: "Sequence[Path]") -> "list[Clip]":
    from voices.clips.preparation import check_number
    from voices.clips.untrusted import decode_untrusted

    check_number(len(clips))
    decoded = []
    for clip in clips:
        try:
            decoded.append(decode_untrusted(clip))
        except InvalidClip as error:
            if len(clips) == 1:
                raise
            raise InvalidClip(f"{clip.name}: {error.message}", reason=error.reason) from error
    return decoded


def _check_plot(path: Path) -> None:
    """Raise ``MissingExtra`` or ``OSError`` if the plot cannot be drawn."""
    require("matplotlib", "plot", purpose="Cannot draw a plot")
    check_writable(path)


def _draw(examination: "Examination", path: Path, output: "Output") -> None:
    from voices_cli.plot import plot_preparation

    with output.step("plotting"):
        plot_preparation(examination, path)
    output.note(f"wrote the plot to {path}")


def _numbers(assessment: "Assessment") -> list[str]:
    measured = assessment.measurements
    channels = f"{measured.channels} channel{'s' if measured.channels != 1 else ''}"
    source = f"{measured.codec}, {measured.sample_rate} Hz, {channels}"
    return [
        f"{assessment.name}: {measured.seconds:.1f} s, {source}",
        f"  speech     {measured.speech_seconds:.1f} s",
        f"  level      {measured.loudness_lufs:.1f} LUFS, peak {measured.peak_dbfs:.1f} dBFS",
        f"  noise      {measured.snr_db:.0f} dB below the speech",
        f"  clipped    {measured.clipped_share:.2%} of the speech",
        f"  bandwidth  {measured.bandwidth_hz / 1000:.1f} kHz",
        f"  DC offset  {measured.dc_offset:.2%}",
    ]


def _finding_line(finding: "Finding") -> str:
    where = f"{finding.clip}: " if finding.clip else ""
    return f"{finding.severity}: {where}{finding}".rstrip()


def _kept_line(kept: "Kept") -> str:
    return (
        f"keeps {kept.seconds:.1f} s of {kept.clip}, from {kept.start:.2f} to {kept.end:.2f} s: "
        f"{'; '.join(kept.reasons)}"
    )


def _verdict(findings: "Sequence[Finding]", *, usable: bool) -> str:
    if not usable:
        return "not usable" if any(each.severity == "error" for each in findings) else "refused by --strict"
    return "usable, but could be better" if findings else "good"
