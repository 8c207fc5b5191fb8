"""``push``, ``pull``, ``export`` and ``import``: move voices between places."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.options import EndpointUrl, Force, Json, Targets, VoiceIdArgument, VoiceIdsArgument

if TYPE_CHECKING:
    from voices.registry import VoiceRegistry
    from voices_cli.output import Output
    from voices_cli.session import Session

app = typer.Typer()


@app.command()
def push(
    voice_id: VoiceIdsArgument = None,
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="Source directory. Default: this machine's voices.")
    ] = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Copy voices from this machine to the targets; voices that are there already are skipped."""
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        _exchange(run, source, voice_id, is_push=True, force=force)


@app.command()
def pull(
    voice_id: VoiceIdsArgument = None,
    *,
    destination: Annotated[
        Path | None, typer.Option("--to", help="Destination directory. Default: this machine's voices.")
    ] = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Copy voices from a target to this machine."""
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        _exchange(run, destination, voice_id, is_push=False, force=force)


@app.command()
def export(
    voice_id: VoiceIdArgument,
    file: Annotated[Path, typer.Argument(help="The tar file to write.")],
    *,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Write a voice to a tar file, for backup or transfer."""
    from voices.archive import write_archive
    from voices.whole_file import check_writable
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        voice = run.one.get(voice_id)
        check_writable(file)
        write_archive(run.one, voice, file)
        run.output.result({"voice_id": voice_id, "file": str(file)}, f"exported {voice_id} to {file}")


@app.command("import")
def import_voice(
    file: Annotated[Path, typer.Argument(help="A tar file written by `voices export`.")],
    *,
    new_id: Annotated[str | None, typer.Option("--as", metavar="VOICE_ID", help="Use another id.")] = None,
    force: Force = False,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Publish an exported voice."""
    from voices.archive import read_archive
    from voices.publication import Publisher
    from voices_cli.output import describe_entry
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        source, voice = read_archive(file)
        published_as = new_id or voice.voice_id
        run.on_each(
            lambda registry: describe_entry(
                published_as, Publisher(registry).copy(source, voice, published_as, replace=force)
            ),
            lambda _: [f"imported {published_as}"],
        )


def _exchange(
    run: "Session", directory: Path | None, voice_ids: Sequence[str] | None, *, is_push: bool, force: bool
) -> None:
    """Copy voices from a local directory to every target, or the other way."""
    from voices.registry import VoiceRegistry, voices_dirs

    local = VoiceRegistry.at(directory or voices_dirs()[0])

    def copy(remote: VoiceRegistry) -> Any:
        source, destination = (local, remote) if is_push else (remote, local)
        return _transfer_all(source, destination, voice_ids, run.output, force=force)

    run.on_each(copy, lambda rows: [f"{row['voice_id']}: {row['outcome']}" for row in rows] or ["no voices"])


def _transfer_all(
    source: "VoiceRegistry",
    destination: "VoiceRegistry",
    voice_ids: Sequence[str] | None,
    output: "Output",
    *,
    force: bool,
) -> list[dict[str, Any]]:
    """Transfer voices after checking all of them; the first error ends the command before any copy."""
    from voices.transfer import find_outcome, transfer

    chosen = voice_ids or source.ids()
    for voice_id in chosen:
        find_outcome(source, destination, voice_id, replace=force)
    rows = []
    for voice_id in output.progress(chosen, f"copying to {destination.store}"):
        outcome = transfer(source, destination, voice_id, replace=force)
        rows.append({"voice_id": voice_id, "outcome": outcome})
    return rows
