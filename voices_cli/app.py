"""The commands: typer parses and prints, ``voices`` does the work.

Heavy imports stay inside the functions, so that ``voices --help`` answers at once.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voices_cli.clips import Clips, Plot, Strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voices.conditionals import Conditionals
    from voices.preparation import PreparedClip
    from voices.registry import VoiceRegistry
    from voices.voice import Manifest
    from voices_cli.output import Output

app = typer.Typer(
    help="Prepare, list and delete the voices that a Chatterpod worker speaks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

VoiceIdArgument = Annotated[str, typer.Argument(metavar="VOICE_ID", help="1 to 64 of a-z, 0-9, '_' and '-'.")]
VoicesDir = Annotated[
    Path | None,
    typer.Option(
        help="The voices' directory: VOICES_DIR, else /voices if mounted, else ~/.chatterpod/voices."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as JSON.")]


@app.command()
def add(
    voice_id: VoiceIdArgument,
    clip: Clips,
    *,
    name: Annotated[str | None, typer.Option(help="A name for people; the id by default.")] = None,
    language: Annotated[str, typer.Option(help="The language it speaks, such as en or pt-BR.")] = "en",
    label: Annotated[list[str] | None, typer.Option(help="key=value; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a voice of that id.")] = False,
    strict: Strict = False,
    plot: Plot = None,
    precompute: Annotated[
        bool, typer.Option(help="Compute the conditionals here, not in the worker.")
    ] = True,
    engine: Annotated[str | None, typer.Option(help="auto, preview or chatterbox-turbo.")] = None,
    model_dir: Annotated[Path | None, typer.Option(help="The engine's checkpoint.")] = None,
    voices_dir: VoicesDir = None,
    as_json: Json = False,
) -> None:
    """Make a voice of a reference clip, or of several, and publish it."""
    with _session(voices_dir, as_json=as_json) as (registry, output):
        from voices_cli import clips

        labels = _parse_labels(label or [])
        registry.check_free(voice_id, replace=force)
        prepared = clips.prepare(clip, output, strict=strict, plot=plot)
        conditionals = _precompute(prepared, engine, model_dir, output) if precompute else []
        with output.step("publishing"):
            manifest = registry.add(
                voice_id, prepared, conditionals, name=name, language=language, labels=labels, replace=force
            )
        _report_added(manifest, prepared, registry, output)


@app.command()
def check(clip: Clips, *, strict: Strict = False, plot: Plot = None, as_json: Json = False) -> None:
    """Say how good a voice the clips would make, what is wrong with them, and what would be kept."""
    with _reporting(as_json=as_json) as output:
        from voices_cli import clips

        clips.check(clip, output, strict=strict, plot=plot)


@app.command("list")
def list_voices(*, voices_dir: VoicesDir = None, as_json: Json = False) -> None:
    """List the voices, the damaged ones too."""
    with _session(voices_dir, as_json=as_json) as (registry, output):
        from voices.errors import VoiceCorrupt
        from voices.voice import Manifest
        from voices_cli.output import describe, voice_table

        rows: list[tuple[str, Manifest | VoiceCorrupt | None]] = []
        for voice_id in registry.ids():
            try:
                rows.append((voice_id, registry.get(voice_id).manifest))
            except VoiceCorrupt as error:
                rows.append((voice_id, error))
        data = [
            describe(voice)
            if isinstance(voice, Manifest)
            else {"voice_id": voice_id, "error": voice.as_dict() if voice else None}
            for voice_id, voice in rows
        ]
        output.result(data, voice_table(rows) if rows else f"no voices in {registry.store}")


@app.command()
def show(voice_id: VoiceIdArgument, *, voices_dir: VoicesDir = None, as_json: Json = False) -> None:
    """Show all that is known of a voice, and check its files."""
    with _session(voices_dir, as_json=as_json) as (registry, output):
        from voices_cli.output import describe, voice_lines

        voice = registry.get(voice_id)
        registry.check(voice)
        data = (
            describe(voice.manifest)
            if voice.manifest
            else {"voice_id": voice_id, "reference": voice.reference}
        )
        output.result(data, *voice_lines(voice))


@app.command()
def delete(
    voice_id: VoiceIdArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    voices_dir: VoicesDir = None,
    as_json: Json = False,
) -> None:
    """Delete a voice; a worker that runs notices at its next request."""
    with _session(voices_dir, as_json=as_json) as (registry, output):
        registry.check_exists(voice_id)
        if not yes:
            typer.confirm(f"Delete the voice {voice_id} from {registry.store}?", abort=True, err=True)
        registry.delete(voice_id)
        output.result({"deleted": voice_id}, f"deleted {voice_id}")


@contextmanager
def _session(voices_dir: Path | None, *, as_json: bool) -> "Iterator[tuple[VoiceRegistry, Output]]":
    """Open the registry for a command, and report what it raises."""
    from voices.registry import VoiceRegistry, default_voices_dir

    with _reporting(as_json=as_json) as output:
        yield VoiceRegistry.at(voices_dir or default_voices_dir()), output


@contextmanager
def _reporting(*, as_json: bool) -> "Iterator[Output]":
    """Report what a command raises, and exit with its code."""
    from voices.errors import ChatterpodError
    from voices_cli.output import Output

    output = Output(as_json=as_json)
    try:
        yield output
    except ChatterpodError as error:
        output.fail(error)


def _parse_labels(labels: list[str]) -> dict[str, str]:
    for label in labels:
        if not label.partition("=")[0] or "=" not in label:
            raise typer.BadParameter(f"{label!r} is not key=value", param_hint="--label")
    return dict(label.split("=", 1) for label in labels)


def _precompute(
    prepared: "PreparedClip", engine_name: str | None, model_dir: Path | None, output: "Output"
) -> "list[Conditionals]":
    from voices_cli.precompute import EngineNotInstalled, open_engine_for_precompute

    with output.step("loading the engine"):
        try:
            engine = open_engine_for_precompute(engine_name, model_dir)
        except EngineNotInstalled as error:
            if engine_name is not None:
                raise
            output.note(f"left to the worker: {error.message}")
            return []
    try:
        with output.step(f"computing conditionals with {engine.name}"):
            return [engine.prepare(prepared.clip)]
    finally:
        engine.close()


def _report_added(
    manifest: "Manifest", prepared: "PreparedClip", registry: "VoiceRegistry", output: "Output"
) -> None:
    from voices_cli import clips
    from voices_cli.output import describe

    facts = manifest.clip
    output.result(
        describe(manifest) | clips.report(prepared.findings, prepared.kept),
        f"added {manifest.voice_id} to {registry.store}",
        f"  reference: {facts.seconds:.1f} s, {facts.speech_seconds:.1f} s of speech, "
        f"{facts.loudness_lufs:.1f} LUFS, signal-to-noise {facts.snr_db:.0f} dB",
        *(f"  {line}" for line in clips.kept_lines(prepared)),
        f"  precomputed for: {', '.join(manifest.fingerprints) or 'nothing yet, the worker will'}",
    )
