"""What the ``voices`` command prints: results on standard output, everything else on standard error."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voices.errors import ChatterpodError
from voices.voice import Manifest, Voice

EXIT_CODES = {
    "voice_exists": 3,
    "unknown_voice": 4,
    "invalid_request": 5,
    "voice_corrupt": 6,
    "voice_incompatible": 6,
    "store_failure": 7,
    "engine_failure": 8,
}
"""By error code; 1 is a question answered with no, 2 a command line that makes no sense."""

_KILO = 1024
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Output:
    """Prints for people, or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console()
        self._err = Console(stderr=True)

    def result(self, data: Any, *lines: str | Table) -> None:
        """Print a command's result: ``data`` as JSON, or the lines."""
        if self.as_json:
            typer.echo(json.dumps(data, indent=2))
            return
        for line in lines:
            self._out.print(line, highlight=False, markup=False, soft_wrap=True)

    def note(self, message: str) -> None:
        """Tell a person something beside the result."""
        if not self.as_json:
            self._err.print(message, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, message: str) -> Iterator[None]:
        """Show that a step is under way."""
        if self.as_json:
            yield
        else:
            with self._err.status(message):
                yield

    def fail(self, error: ChatterpodError) -> NoReturn:
        """Print an error and exit with its code."""
        if self.as_json:
            typer.echo(json.dumps({"error": error.as_dict()}, indent=2))
        else:
            self._err.print(
                f"error: {error.message}", style="red", highlight=False, markup=False, soft_wrap=True
            )
        raise typer.Exit(EXIT_CODES.get(error.code, 8))


def describe(manifest: Manifest) -> dict[str, Any]:
    """Return a published voice as JSON."""
    return {
        **manifest.model_dump(mode="json"),
        "fingerprints": manifest.fingerprints,
        "total_bytes": manifest.total_bytes,
    }


def voice_table(rows: Sequence[tuple[str, Manifest | ChatterpodError | None]]) -> Table:
    """Tabulate voices: those with a manifest, those damaged, and bare clips (None)."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("id", "name", "language", "seconds", "precomputed for", "size", "age"):
        table.add_column(
            heading, overflow="fold", justify="right" if heading in ("seconds", "size") else "left"
        )
    for voice_id, voice in rows:
        match voice:
            case Manifest():
                table.add_row(
                    voice_id,
                    Text(voice.name),
                    voice.language,
                    f"{voice.clip.seconds:.1f}",
                    ", ".join(voice.fingerprints) or "-",
                    file_size(voice.total_bytes),
                    age(voice.created_at),
                )
            case ChatterpodError():
                table.add_row(voice_id, Text(voice.code, style="red"), "", "", "", "", "")
            case None:
                table.add_row(voice_id, "(bare clip)", "", "", "-", "", "")
    return table


def voice_lines(voice: Voice) -> list[str]:
    """Write all that is known of a voice, a line each."""
    if (manifest := voice.manifest) is None:
        return [
            f"{voice.voice_id}: a bare clip, {voice.reference}; its conditionals are computed on first use"
        ]
    facts = manifest.clip
    return [
        f"{manifest.voice_id}: {manifest.name} ({manifest.language})",
        f"  added        {manifest.created_at:%Y-%m-%d %H:%M} UTC",
        f"  labels       {', '.join(f'{key}={value}' for key, value in manifest.labels.items()) or '-'}",
        f"  reference    {facts.seconds:.1f} s at {facts.sample_rate} Hz",
        f"  speech       {facts.speech_seconds:.1f} s",
        f"  loudness     {facts.loudness_lufs:.1f} LUFS, peak {facts.peak_dbfs:.1f} dBFS",
        f"  noise        {facts.snr_db:.0f} dB below the speech",
        f"  precomputed  {', '.join(manifest.fingerprints) or '-'}",
        *(f"  {file_size(each.size):>9}    {file}" for file, each in manifest.files.items()),
    ]


def file_size(size: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("B", "KB", "MB"):
        if size < _KILO:
            return f"{size:.0f} {unit}"
        size /= _KILO
    return f"{size:.1f} GB"


def age(since: datetime) -> str:
    """Write how long ago ``since`` is, in its largest unit."""
    seconds = (datetime.now(UTC) - since).total_seconds()
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < _DAY else f"{seconds / _DAY:.0f} d"
