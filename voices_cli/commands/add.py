"""``add`` and ``add-all``: make voices from clips."""

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.clips import Clips, Plot, Strict
from voices_cli.options import (
    Device,
    EndpointUrl,
    EngineOption,
    Force,
    Json,
    Labels,
    ModelDir,
    PromptSeconds,
    Targets,
    Via,
    VoiceIdArgument,
    parse_labels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod import SpeechClient
    from voices.clips.preparation import PreparedClip
    from voices.conditionals import Conditionals
    from voices.registry import VoiceRegistry
    from voices_cli.session import Session

app = typer.Typer()

Language = Annotated[str, typer.Option(help="The voice's language, such as en or pt-BR.")]
Precompute = Annotated[bool, typer.Option(help="Compute the conditionals here instead of in the worker.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything except publish.")]

AUDIO_SUFFIXES = {".wav", ".flac", ".mp3", ".m4a", ".mp4", ".aac", ".ogg", ".opus", ".webm", ".mka"}
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9_-]+")


@app.command()
def add(
    voice_id: VoiceIdArgument,
    clip: Clips,
    *,
    name: Annotated[str | None, typer.Option(help="Display name. Default: the id.")] = None,
    language: Language = "en",
    label: Labels = None,
    prompt_seconds: PromptSeconds = None,
    force: Force = False,
    strict: Strict = False,
    plot: Plot = None,
    precompute: Precompute = True,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    via: Via = None,
    dry_run: DryRun = False,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Make a voice from one or several clips, and publish it to every target."""
    from voices_cli import clips
    from voices_cli.engine import EngineChoice, Precomputer, check_installed
    from voices_cli.session import open_endpoint, session

    with session(target, endpoint_url, as_json=as_json) as run:
        labels = parse_labels(label or [])
        prompt = _prompt_or_usual(prompt_seconds)
        options = {
            "name": name,
            "language": language,
            "labels": labels,
            "prompt_seconds": prompt,
            "replace": force,
        }
        _check(run, voice_id, options)
        choice = EngineChoice(engine, model_dir, device)
        with ExitStack() as opened:
            endpoint = opened.enter_context(open_endpoint(via)) if via else None
            if precompute and not via:
                check_installed(choice)
            prepared = clips.prepare_clip(clip, run.output, strict=strict, plot=plot)
            precomputer = opened.enter_context(Precomputer(run.output, choice))
            conditionals = precomputer.compute(prepared, prompt) if precompute and not via else []
            run.on_each(
                lambda registry: _publish(
                    registry, voice_id, prepared, conditionals, options, dry_run=dry_run
                ),
                lambda added: _added_lines(added, prepared),
            )
            if via and endpoint and not dry_run:
                _compute_on(via, endpoint, voice_id, run)


@app.command("add-all")
def add_all(
    directory: Annotated[Path, typer.Argument(help="Directory of audio files; each names its voice.")],
    *,
    language: Language = "en",
    label: Labels = None,
    prompt_seconds: PromptSeconds = None,
    force: Force = False,
    strict: Strict = False,
    precompute: Precompute = True,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    dry_run: DryRun = False,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Make a voice from every clip in a directory, continue after a failure, and print a summary.

    Exits with status 1 if any clip failed.
    """
    from voices.errors import ChatterpodError, InvalidRequest
    from voices_cli.engine import EngineChoice, Precomputer, check_installed
    from voices_cli.session import session

    failed: list[dict[str, Any]] = []
    with session(target, endpoint_url, as_json=as_json) as run:
        if not directory.is_dir():
            raise InvalidRequest(f"There is no directory {directory}.", field="directory")
        files = sorted(path for path in directory.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES)
        prompt = _prompt_or_usual(prompt_seconds)
        options = {
            "language": language,
            "labels": parse_labels(label or []),
            "prompt_seconds": prompt,
            "replace": force,
        }
        choice = EngineChoice(engine, model_dir, device)
        if precompute:
            check_installed(choice)
        added: list[dict[str, Any]] = []
        with Precomputer(run.output, choice) as precomputer:
            for path in run.output.progress(files, "adding"):
                try:
                    voice_id = id_of(path)
                    described = {**options, "name": path.stem}
                    _check(run, voice_id, described)
                    prepared = _prepare_quietly(path, strict=strict)
                    conditionals = precomputer.compute(prepared, prompt) if precompute else []
                    for registry in run.registries:
                        _publish(registry, voice_id, prepared, conditionals, described, dry_run=dry_run)
                    warnings = [str(finding) for finding in prepared.findings]
                    added.append({"clip": str(path), "voice_id": voice_id, "warnings": warnings})
                except ChatterpodError as error:
                    failed.append({"clip": str(path), "error": error.as_dict()})
        done = "would be added" if dry_run else "added"
        run.output.result(
            {"added": added, "failed": failed},
            *("\n  warning: ".join([f"{each['voice_id']}: {done}", *each["warnings"]]) for each in added),
            *(f"{each['clip']}: {each['error']['message']}" for each in failed),
            f"{len(added)} {done}, {len(failed)} failed",
        )
    if failed:
        raise typer.Exit(1)


def id_of(path: Path) -> str:
    """Derive a voice id from a file's name; raises ``InvalidVoiceId`` if no valid character is left."""
    from voices.voice import check_voice_id

    return check_voice_id(_NOT_IN_AN_ID.sub("-", path.stem.lower()).strip("-_")[:64])


def _prompt_or_usual(prompt_seconds: float | None) -> float:
    from voices.voice import LONGEST_PROMPT_SECONDS, check_prompt_seconds

    return LONGEST_PROMPT_SECONDS if prompt_seconds is None else check_prompt_seconds(prompt_seconds)


def _check(run: "Session", voice_id: str, options: dict[str, Any]) -> None:
    """Raise the errors that do not depend on the clip, before the long work."""
    from voices.publication import Publisher

    for registry in run.registries:
        Publisher(registry).check(voice_id, **options)


def _prepare_quietly(path: Path, *, strict: bool) -> "PreparedClip":
    from voices.clips.preparation import prepare_clip
    from voices.clips.untrusted import decode_untrusted

    return prepare_clip(decode_untrusted(path), strict=strict)


def _publish(
    registry: "VoiceRegistry",
    voice_id: str,
    prepared: "PreparedClip",
    conditionals: "Sequence[Conditionals]",
    options: dict[str, Any],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    from voices.publication import Publisher
    from voices_cli import clips
    from voices_cli.output import describe_entry

    manifest = Publisher(registry).add(voice_id, prepared, conditionals, **options, dry_run=dry_run)
    return {
        **describe_entry(voice_id, manifest),
        **clips.report(prepared.findings, prepared.kept),
        "dry_run": dry_run,
        "target": str(registry.store),
    }


def _added_lines(added: dict[str, Any], prepared: "PreparedClip") -> list[str]:
    from voices_cli import clips

    facts = prepared.facts
    verb = "would add" if added["dry_run"] else "added"
    return [
        f"{verb} {added['voice_id']} to {added['target']}",
        (
            f"  reference: {facts.seconds:.1f} s, {facts.speech_seconds:.1f} s of speech, "
            f"{facts.loudness_lufs:.1f} LUFS, signal-to-noise {facts.snr_db:.0f} dB"
        ),
        *(f"  {line}" for line in clips.kept_lines(prepared)),
        f"  precomputed for: {', '.join(added['fingerprints']) or 'none; the worker will compute them'}",
    ]


def _compute_on(endpoint: str, client: "SpeechClient", voice_id: str, run: "Session") -> None:
    """Have an endpoint compute the conditionals and publish them on its volume."""
    try:
        with run.output.step(f"{endpoint} computes the conditionals"):
            answer = client.run_action({"action": "prepare_voice", "voice_id": voice_id})
    except Exception:
        run.output.note(
            f"{voice_id} is published; its conditionals will be computed at its first request or by "
            "`voices refresh`"
        )
        raise
    where = "on its volume" if answer.get("published") else "only in its memory: its volume is read-only"
    run.output.note(f"computed by {endpoint} for {answer.get('fingerprint')}, stored {where}")
