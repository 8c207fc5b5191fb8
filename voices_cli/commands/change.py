"""``edit``, ``delete``, ``rename`` and ``refresh``: change published voices."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.options import (
    Device,
    EndpointUrl,
    EngineOption,
    Json,
    Labels,
    ModelDir,
    PromptSeconds,
    Targets,
    VoiceIdArgument,
    VoiceIdsArgument,
    parse_labels,
)

if TYPE_CHECKING:
    from voices.registry import VoiceRegistry

app = typer.Typer()


@app.command()
def edit(
    voice_id: VoiceIdArgument,
    *,
    name: Annotated[str | None, typer.Option(help="Display name.")] = None,
    language: Annotated[str | None, typer.Option(help="The voice's language, such as en or pt-BR.")] = None,
    label: Labels = None,
    no_label: Annotated[
        list[str] | None, typer.Option("--no-label", metavar="KEY", help="Remove a label; may be repeated.")
    ] = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Change a voice's name, language or labels; its clip and conditionals stay."""
    from voices.publication import Publisher
    from voices_cli.output import describe_entry, voice_lines
    from voices_cli.session import session

    set_labels, removed = parse_labels(label or []), no_label or []
    if both := sorted(set_labels.keys() & set(removed)):
        raise typer.BadParameter(f"{both[0]!r} is both set and removed", param_hint="--no-label")
    if name is None and language is None and not set_labels and not removed:
        raise typer.BadParameter("nothing to change: give --name, --language, --label or --no-label")
    labels = {**dict.fromkeys(removed), **set_labels}
    with session(target, endpoint_url, as_json=as_json) as run:

        def change(registry: "VoiceRegistry") -> Any:
            edited = Publisher(registry).edit(voice_id, name=name, language=language, labels=labels)
            return describe_entry(voice_id, edited)

        run.on_each(change, voice_lines)


@app.command()
def delete(
    voice_id: VoiceIdArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a voice; running workers notice at their next request."""
    from voices.errors import UnknownVoice
    from voices.publication import Publisher
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        if not any(registry.has(voice_id) for registry in run.registries):
            raise UnknownVoice(voice_id)
        if not yes:
            places = ", ".join(str(registry.store) for registry in run.registries)
            typer.confirm(f"Delete the voice {voice_id} from {places}?", abort=True, err=True)

        def remove(registry: "VoiceRegistry") -> Any:
            Publisher(registry).delete(voice_id)
            return {"deleted": voice_id}

        run.on_each(remove, lambda _: [f"deleted {voice_id}"])


@app.command()
def rename(
    voice_id: VoiceIdArgument,
    new_id: Annotated[str, typer.Argument(metavar="NEW_ID")],
    *,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Give a voice another id."""
    from voices.publication import Publisher
    from voices_cli.output import describe_entry
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        run.on_each(
            lambda registry: describe_entry(new_id, Publisher(registry).rename(voice_id, new_id)),
            lambda _: [f"renamed {voice_id} to {new_id}"],
        )


@app.command()
def refresh(
    voice_id: VoiceIdsArgument = None,
    *,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove conditionals for other fingerprints.")
    ] = False,
    prompt_seconds: PromptSeconds = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Compute the voices' missing conditionals for this engine, for example after a model upgrade.

    Conditionals for other fingerprints stay, so that workers with the old model keep running, unless
    --prune is given. --prompt-seconds changes the prompt length and removes conditionals of the old length.
    """
    from voices.errors import UnknownVoice
    from voices.voice import check_prompt_seconds
    from voices_cli.engine import EngineChoice, Refresher, check_installed, open_chosen_engine
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        if prompt_seconds is not None:
            check_prompt_seconds(prompt_seconds)
        for each in voice_id or ():
            if not any(registry.has(each) for registry in run.registries):
                raise UnknownVoice(each)
        choice = EngineChoice(engine, model_dir, device)
        check_installed(choice)
        with run.output.step("loading the engine"):
            opened = open_chosen_engine(choice)
        failed = False

        def refresh_all(registry: "VoiceRegistry") -> Any:
            nonlocal failed
            refresher = Refresher(registry, opened, prune=prune, prompt_seconds=prompt_seconds)
            ids = run.output.progress(voice_id or registry.ids(), f"refreshing for {opened.fingerprint}")
            rows = [refresher.refresh(each) for each in ids]
            failed = failed or any("error" in row for row in rows)
            return rows

        try:
            run.on_each(refresh_all, lambda rows: [f"{row['voice_id']}: {row['outcome']}" for row in rows])
        finally:
            opened.close()
        if failed:
            raise typer.Exit(1)
