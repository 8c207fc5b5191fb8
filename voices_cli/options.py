"""Arguments and options shared by several commands."""

from collections.abc import Sequence
from typing import Annotated

import typer

VoiceIdArgument = Annotated[str, typer.Argument(metavar="VOICE_ID", help="1 to 64 of a-z, 0-9, '_' and '-'.")]
VoiceIdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[VOICE_ID]...", help="Default: all voices.")
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        metavar="TARGET",
        help="A directory, or s3://VOLUME_ID/voices?datacenter=EU-RO-1; may be repeated. Default: "
        "VOICES_TARGETS (separated by spaces), else VOICES_DIR, else /voices if mounted, else "
        "~/.chatterpod/voices.",
    ),
]
EndpointUrl = Annotated[str | None, typer.Option(metavar="URL", help="The S3 server, if it is not RunPod's.")]
PromptSeconds = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        help="Seconds of the clip in Chatterbox's prompt, 1 to 10; a shorter prompt is faster and copies the "
        "voice less closely.",
    ),
]
EngineOption = Annotated[str | None, typer.Option(help="auto, preview or chatterbox-turbo.")]
ModelDir = Annotated[str | None, typer.Option(help="Directory of the engine's checkpoint.")]
Device = Annotated[str | None, typer.Option(help="cuda, cpu, or auto.")]
Via = Annotated[
    str | None,
    typer.Option(
        metavar="ENDPOINT",
        help="Use this RunPod endpoint: an id, with RUNPOD_API_KEY set, or a URL.",
    ),
]
Labels = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; may be repeated.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing voice.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result or error as JSON.")]


def parse_labels(labels: Sequence[str]) -> dict[str, str]:
    """Parse ``key=value`` options."""
    for label in labels:
        if "=" not in label or label.startswith("="):
            raise typer.BadParameter(f"{label!r} is not key=value", param_hint="--label")
    return dict(label.split("=", 1) for label in labels)
