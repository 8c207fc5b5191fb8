"""``check``: assess clips without making a voice."""

import typer

from voices_cli.clips import Clips, Plot, Strict
from voices_cli.options import Json

app = typer.Typer()


@app.command()
def check(clip: Clips, *, strict: Strict = False, plot: Plot = None, as_json: Json = False) -> None:
    """Report the quality of clips: measurements, problems, and the parts that would be kept."""
    from voices_cli import clips
    from voices_cli.session import reporting

    with reporting(as_json=as_json) as output:
        clips.check(clip, output, strict=strict, plot=plot)
