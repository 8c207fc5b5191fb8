"""``list``, ``show`` and ``verify``: inspect published voices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.options import EndpointUrl, Json, Targets, VoiceIdArgument, VoiceIdsArgument

if TYPE_CHECKING:
    from voices.registry import VoiceRegistry

app = typer.Typer()


@app.command("list")
def list_voices(*, target: Targets = None, endpoint_url: EndpointUrl = None, as_json: Json = False) -> None:
    """List the voices, including damaged ones."""
    from voices_cli.output import describe_entry, voice_table
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:

        def scan(registry: "VoiceRegistry") -> Any:
            with run.output.step(f"reading the manifests in {registry.store}"):
                return [describe_entry(voice_id, entry) for voice_id, entry in registry.scan()]

        run.on_each(scan, lambda rows: [voice_table(rows)] if rows else ["no voices"])


@app.command()
def show(
    voice_id: VoiceIdArgument,
    *,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Show a voice's details, and check its files."""
    from voices_cli.output import describe_entry, voice_lines
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:

        def look(registry: "VoiceRegistry") -> Any:
            voice = registry.get(voice_id)
            registry.check(voice)
            return describe_entry(voice_id, voice.manifest)

        run.on_each(look, voice_lines)


@app.command()
def verify(
    voice_id: VoiceIdsArgument = None,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Repair the problems.")] = False,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Check every file against its manifest and find leftovers of interrupted changes.

    Exits with status 1 if problems remain unrepaired.
    """
    from voices.verification import Verifier
    from voices_cli.session import session

    unrepaired = False
    with session(target, endpoint_url, as_json=as_json) as run:

        def check(registry: "VoiceRegistry") -> Any:
            nonlocal unrepaired
            verifier = Verifier(registry)
            found = []
            for folder in run.output.progress(voice_id or verifier.folders(), "verifying"):
                for problem in list(verifier.problems(folder)):
                    if repair:
                        problem.mend()
                    found.append(
                        {
                            "voice_id": problem.voice_id,
                            "problem": problem.code,
                            "what": problem.what,
                            "repair": problem.repair,
                            "repaired": repair,
                        }
                    )
            unrepaired = unrepaired or (bool(found) and not repair)
            return found

        run.on_each(check, _problem_lines)
    if unrepaired:
        raise typer.Exit(1)


def _problem_lines(problems: Sequence[dict[str, Any]]) -> list[str]:
    if not problems:
        return ["all files match their manifests"]
    return [
        f"{each['voice_id']}: {each['what']} "
        + (f"({each['repair']})" if each["repaired"] else f"(--repair: {each['repair']})")
        for each in problems
    ]
