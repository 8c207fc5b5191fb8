"""The worker's commands for people: typer parses and prints, other modules do the work."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from voices.errors import ChatterpodError

app = typer.Typer(
    help="Without a command: take jobs from RunPod's queue (or from --rp_serve_api).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Size(StrEnum):
    """Size of a synthetic checkpoint's T3."""

    FULL = "full"
    SMALL = "small"


COMMANDS = ("say", "serve", "doctor", "settings", "synthetic-checkpoint")


@app.callback()
def _root() -> None:
    """Speak without a server."""


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to speak; '-' reads standard input.")],
    *,
    voice: Annotated[str, typer.Option(help="A voice id, as in `voices list`.")] = "default",
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="The file to write, in the format of its ending: .wav, .mp3, .ogg or .opus, .aac, .flac, "
            ".pcm, .ulaw, .alaw. A device or a FIFO receives the file once it is complete.",
        ),
    ] = Path("speech.wav"),
    engine: Annotated[str | None, typer.Option(help="auto, preview or chatterbox-turbo.")] = None,
    voices_dir: Annotated[Path | None, typer.Option(help="The voices' directory.")] = None,
    model_dir: Annotated[Path | None, typer.Option(help="The checkpoint's directory.")] = None,
    speed: Annotated[float, typer.Option(help="0.25 to 4.0.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed speaks the same.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="Hz; the engine's own by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the start and end events as JSON.")] = False,
) -> None:
    """Speak a text into a file, without a server."""
    from voices.file_names import format_of
    from voices.library import VoiceLibrary
    from voices.whole_file import is_standard_output, why
    from worker.settings import Settings, explain_settings
    from worker.speech.to_file import say_to_file

    chosen: dict[str, Any] = {"engine": engine, "voices_dir": voices_dir, "model_dir": model_dir}
    job_input: dict[str, Any] = {"voice_id": voice, "speed": speed}
    job_input |= {"seed": seed} if seed is not None else {}
    job_input |= {"sample_rate": sample_rate} if sample_rate is not None else {}
    try:
        job_input |= {"format": format_of(out), "text": sys.stdin.read() if text == "-" else text}
        settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
        start, end = say_to_file(job_input, out, settings, VoiceLibrary.at(*settings.voices_dir))
    except ValidationError as error:
        _fail(
            {"code": "invalid_settings", "message": explain_settings(error), "field": None}, as_json=as_json
        )
    except ChatterpodError as error:
        _fail(error.as_dict(), as_json=as_json)
    except OSError as error:
        _fail({"code": "store_failure", "message": why(error), "field": "out"}, as_json=as_json)
    to_stderr = is_standard_output(out)  # standard output holds the speech
    if as_json:
        summary = json.dumps({"file": str(out), "start": start.as_json(), "end": end.as_json()})
        typer.echo(summary, err=to_stderr)
        return
    metrics = end.metrics
    typer.echo(
        f"{out}: {end.audio_seconds:.2f} s by {start.engine} in voice {start.voice_id}; "
        f"first audio after {metrics.ttfa_ms:.0f} ms, real-time factor {metrics.rtf:.3f}",
        err=to_stderr,
    )


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on; default: LISTEN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; default: PORT, else 8000.")] = None,
    engine: Annotated[str | None, typer.Option(help="auto, preview or chatterbox-turbo.")] = None,
    voices_dir: Annotated[Path | None, typer.Option(help="The voices' directory.")] = None,
    model_dir: Annotated[Path | None, typer.Option(help="The checkpoint's directory.")] = None,
) -> None:
    """Serve HTTP, WebSockets and a page to try it, without RunPod's queue."""
    from worker.errors import CannotListen
    from worker.server.serve import serve as serve_http
    from worker.server.settings import ServerSettings
    from worker.settings import Settings, explain_settings

    chosen: dict[str, Any] = {"engine": engine, "voices_dir": voices_dir, "model_dir": model_dir}
    chosen_here: dict[str, Any] = {"listen_host": host, "port": port}
    try:
        settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
        server_settings = ServerSettings(
            **{name: value for name, value in chosen_here.items() if value is not None}
        )
        serve_http(settings, server_settings)
    except ValidationError as error:
        _fail({"message": explain_settings(error)}, as_json=False)
    except CannotListen as error:
        _fail({"message": str(error)}, as_json=False)


@app.command("settings")
def show_settings(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of all settings instead.")
    ] = False,
    into: Annotated[
        Path | None, typer.Option(help="With --markdown: write the table between this document's marks.")
    ] = None,
) -> None:
    """Show the settings in force here, or the table of all settings."""
    from worker.doctor.settings_table import in_force, markdown, replace_table
    from worker.server.settings import ServerSettings
    from worker.settings import Settings, explain_settings

    if as_markdown or into is not None:
        table = markdown(Settings, ServerSettings)
        try:
            typer.echo(table) if into is None else replace_table(into, table)
        except (OSError, ValueError) as error:
            _fail({"message": str(error)}, as_json=as_json)
        return
    try:
        found = [*in_force(Settings()), *in_force(ServerSettings())]
    except ValidationError as error:
        _fail(
            {"code": "invalid_settings", "message": explain_settings(error), "field": None}, as_json=as_json
        )
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    for each in found:
        typer.echo(f"{each.variable:<26} {each.value or '-'}{'' if each.is_set else '  (default)'}")


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    self_test: Annotated[bool, typer.Option(help="Load the engine and speak a sentence.")] = True,
) -> None:
    """Check everything that speech depends on here, and print a remedy for each problem.

    Exits with 0 if all is well, 1 with warnings, 2 if the worker cannot speak.
    """
    from worker.doctor.checks import examine
    from worker.doctor.report import report

    raise typer.Exit(report(examine(with_self_test=self_test), as_json=as_json))


@app.command("synthetic-checkpoint")
def synthetic_checkpoint(
    directory: Annotated[Path, typer.Argument(help="The directory; an older synthetic one is replaced.")],
    *,
    t3: Annotated[Size, typer.Option(help="full costs as much as the real one; small is for tests.")] = (
        Size.FULL
    ),
    seed: Annotated[int, typer.Option(help="The same seed writes the same files.")] = 0,
) -> None:
    """Write a checkpoint of random weights, in the format of the real one, for tests and benchmarks."""
    from voices.extras import needing

    try:
        with needing("worker", "chatterbox", purpose="a checkpoint cannot be written"):
            from synthetic.checkpoint import write_synthetic_checkpoint
    except ChatterpodError as error:
        typer.echo(f"error: {error.message}", err=True)
        raise typer.Exit(1) from error
    try:
        write_synthetic_checkpoint(directory, seed=seed, t3=t3.value)
    except OSError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    size = sum(file.stat().st_size for file in directory.iterdir())
    typer.echo(f"{directory}: {size / 1e9:.1f} GB of random weights; it speaks noise, not speech")


def _fail(error: Mapping[str, str | float | None], *, as_json: bool) -> None:
    typer.echo(json.dumps({"error": error}) if as_json else f"error: {error['message']}", err=not as_json)
    raise typer.Exit(1)
