"""``push``, ``pull``, ``export``, ``import``: bringing voices from one place to another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.options import EndpointUrl, Force, Json, Targets, VoiceIdArgument, VoiceIdsArgument

if TYPE_CHECKING:
    from voices.registry import VoiceRegistry
    from voices_cli.output import Output

app = typer.Typer()


@app.command()
def push(
    voice_id: VoiceIdsArgument = None,
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="A directory of voices; by default this machine's own.")
    ] = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Copy voices from this machine to the targets; those that are there already are passed over."""
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        here = _directory(source)
        run.on_each(lambda registry: _transfer_all(here, registry, voice_id, run.output, force=force), _rows)


@app.command()
def pull(
    voice_id: VoiceIdsArgument = None,
    *,
    destination: Annotated[
        Path | None, typer.Option("--to", help="A directory for voices; by default this machine's own.")
    ] = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Copy voices from a target to this machine."""
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        here = _directory(destination)
        run.on_each(lambda registry: _transfer_all(registry, here, voice_id, run.output, force=force), _rows)


@app.command()
def export(
    voice_id: VoiceIdArgument,
    file: Annotated[Path, typer.Argument(help="The tar file to write.")],
    *,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Write a voice to one file, to keep or pass on."""
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
    file: Annotated[Path, typer.Argument(help="What `voices export` wrote.")],
    *,
    new_id: Annotated[str | None, typer.Option("--as", metavar="VOICE_ID", help="Under another id.")] = None,
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


def _directory(path: Path | None) -> "VoiceRegistry":
    from voices.registry import VoiceRegistry, voices_dirs

    return VoiceRegistry.at(path or voices_dirs()[0])


def _transfer_all(
    source: "VoiceRegistry",
    destination: "VoiceRegistry",
    voice_ids: Sequence[str] | None,
    output: "Output",
    *,
    force: bool,
) -> list[dict[str, Any]]:
    """Transfer each voice, once all of them can be: the first that cannot ends the command."""
    from voices.transfer import find_outcome, transfer

    chosen = voice_ids or source.ids()
    for voice_id in chosen:
        find_outcome(source, destination, voice_id, replace=force)
    rows = []
    for voice_id in output.progress(chosen, f"copying to {destination.store}"):
        outcome = transfer(source, destination, voice_id, replace=force)
        rows.append({"voice_id": voice_id, "outcome": outcome})
    return rows


def _rows(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{row['voice_id']}: {row['outcome']}" for row in rows] or ["no voices"]
