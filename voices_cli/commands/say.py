"""``say``: try out a voice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voices_cli.options import (
    Device,
    EndpointUrl,
    EngineOption,
    Json,
    ModelDir,
    Targets,
    Via,
    VoiceIdArgument,
)

if TYPE_CHECKING:
    from voices_cli.session import Session

app = typer.Typer()

SENTENCE = "Hello. This is how I sound, and I can say whatever you would like me to say."


@app.command()
def say(
    voice_id: VoiceIdArgument,
    text: Annotated[str, typer.Argument(help="The text to speak.")] = SENTENCE,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="The file to write; its extension selects the format. Default: VOICE_ID.wav.",
        ),
    ] = None,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    via: Via = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Speak a sentence into a file, on this machine or through an endpoint."""
    from voices.file_names import format_of
    from voices.voice import check_voice_id
    from voices.whole_file import check_writable
    from voices_cli.engine import EngineChoice, check_installed, check_voice, open_speaker
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        path = out or Path(f"{voice_id}.wav")
        job = {"text": text, "voice_id": voice_id, "format": format_of(path)}
        check_writable(path)
        check_voice_id(voice_id)
        choice = EngineChoice(engine, model_dir, device)
        if via:
            spoken = _say_through(via, job, path, run)
        else:
            check_installed(choice)
            check_voice(run.one, voice_id)
            with run.output.step("speaking"), open_speaker(run.one, choice) as speaker:
                start, end = speaker.say(job, path)
            spoken = {"engine": start.engine, "audio_seconds": end.audio_seconds}
        run.output.result(
            {"file": str(path), **spoken},
            f"{path}: {spoken['audio_seconds']:.1f} s by {spoken['engine']} in voice {voice_id}",
        )


def _say_through(endpoint: str, job: dict[str, Any], path: Path, run: "Session") -> dict[str, Any]:
    from voices_cli.session import open_endpoint

    with open_endpoint(endpoint) as client, run.output.step(f"{endpoint} speaks"):
        speech = client.speak(**job)
        speech.save(path)
    assert speech.start is not None  # noqa: S101 - a complete speech has both events
    assert speech.end is not None  # noqa: S101
    return {"engine": speech.start.engine, "audio_seconds": speech.end.audio_seconds}
