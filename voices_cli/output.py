"""Terminal output: results go to standard output, everything else to standard error."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table
from rich.text import Text

from voices.errors import ChatterpodError
from voices.voice import Manifest

EXIT_CODES = {
    "voice_exists": 3,
    "voice_busy": 3,
    "unknown_voice": 4,
    "invalid_request": 5,
    "voice_corrupt": 6,
    "voice_incompatible": 6,
    "store_failure": 7,
    "engine_failure": 8,
    "missing_extra": 8,
    "endpoint_failure": 9,
}
"""Exit codes by error code. 1 is a negative result such as a failed check, 2 an invalid command line."""

T = TypeVar("T")

_WORTH_A_BAR = 5
_KILO = 1024
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Output:
    """Prints text or JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console()
        self._err = Console(stderr=True)

    def result(self, data: Any, *lines: str | Table) -> None:
        """Print a command's result, as ``data`` in JSON mode, else as lines."""
        self.data(data)
        self._print(lines)

    def data(self, data: Any) -> None:
        """Print the result if JSON output is selected."""
        if self.as_json:
            typer.echo(json.dumps(data, indent=2))

    def lines(self, heading: str, *lines: str | Table) -> None:
        """Print one target's result as text."""
        self._print([f"{heading}:", *lines])

    def note(self, message: str) -> None:
        """Print a message to standard error, in text mode."""
        if not self.as_json:
            self._err.print(message, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, message: str) -> Iterator[None]:
        """Show a spinner during a step."""
        if self.as_json:
            yield
        else:
            with self._err.status(escape(message)):
                yield

    def progress(self, items: Sequence[T], message: str) -> Iterable[T]:
        """Yield the items and show a progress bar."""
        if self.as_json or len(items) < _WORTH_A_BAR:
            return items
        return track(items, escape(message), console=self._err, transient=True)

    def error(self, error: ChatterpodError, where: str | None = None) -> None:
        """Print an error, in text mode."""
        if not self.as_json:
            place = f"{where}: " if where else ""
            self._err.print(
                f"{place}error: {error.message}", style="red", highlight=False, markup=False, soft_wrap=True
            )

    def fail(self, error: ChatterpodError) -> NoReturn:
        """Print an error and exit with its exit code."""
        self.data({"error": error.as_dict()})
        self.error(error)
        raise typer.Exit(exit_code(error))

    def _print(self, lines: Iterable[str | Table]) -> None:
        if not self.as_json:
            for line in lines:
                self._out.print(line, highlight=False, markup=False, soft_wrap=True)


def exit_code(error: ChatterpodError) -> int:
    """Return the exit code for an error."""
    return EXIT_CODES.get(error.code, EXIT_CODES["engine_failure"])


def describe_entry(voice_id: str, entry: Manifest | ChatterpodError | None) -> dict[str, Any]:
    """Return a voice as JSON, whether published, damaged or a bare clip."""
    match entry:
        case Manifest():
            return {
                **entry.model_dump(mode="json"),
                "fingerprints": entry.fingerprints,
                "total_bytes": entry.total_bytes,
            }
        case ChatterpodError():
            return {"voice_id": voice_id, "error": entry.as_dict()}
        case None:
            return {"voice_id": voice_id, "bare_clip": True}


def voice_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Tabulate voices as ``describe_entry`` returns them."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("id", "name", "language", "seconds", "ready for", "size", "age"):
        right = heading in ("seconds", "size")
        table.add_column(heading, overflow="fold", justify="right" if right else "left")
    for row in rows:
        table.add_row(row["voice_id"], *_cells(row))
    return table


def _cells(row: dict[str, Any]) -> list[str | Text]:
    if "error" in row:
        return [Text(row["error"]["code"], style="red")]
    if row.get("bare_clip"):
        return ["(bare clip)"]
    return [
        Text(row["name"]),
        row["language"],
        f"{row['clip']['seconds']:.1f}",
        ", ".join(row["fingerprints"]) or "-",
        file_size(row["total_bytes"]),
        age(datetime.fromisoformat(row["created_at"])),
    ]


def voice_lines(voice: dict[str, Any]) -> list[str]:
    """Describe a voice in detail, one fact a line."""
    if voice.get("bare_clip"):
        return [f"{voice['voice_id']}: a bare clip; its conditionals are computed on first use"]
    facts, labels = voice["clip"], voice["labels"]
    created_at = datetime.fromisoformat(voice["created_at"])
    return [
        f"{voice['voice_id']}: {voice['name']} ({voice['language']})",
        f"  added        {created_at:%Y-%m-%d %H:%M} UTC",
        f"  labels       {', '.join(f'{key}={value}' for key, value in labels.items()) or '-'}",
        f"  reference    {facts['seconds']:.1f} s at {facts['sample_rate']} Hz",
        f"  prompt       at most {voice['prompt_seconds']:g} s of it",
        f"  speech       {facts['speech_seconds']:.1f} s",
        f"  loudness     {facts['loudness_lufs']:.1f} LUFS, peak {facts['peak_dbfs']:.1f} dBFS",
        f"  noise        {facts['snr_db']:.0f} dB below the speech",
        f"  ready for    {', '.join(voice['fingerprints']) or '-'}",
        *(f"  {file_size(each['size']):>9}    {file}" for file, each in voice["files"].items()),
    ]


def file_size(size: float) -> str:
    """Format a number of bytes."""
    for unit in ("B", "KB", "MB"):
        if size < _KILO:
            return f"{size:.0f} {unit}"
        size /= _KILO
    return f"{size:.1f} GB"


def age(since: datetime) -> str:
    """Format the time since ``since`` in its largest unit."""
    seconds = (datetime.now(UTC) - since).total_seconds()
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < _DAY else f"{seconds / _DAY:.0f} d"
