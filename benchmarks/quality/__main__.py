"""``python -m benchmarks.quality --checkpoint DIR --clip FILE``."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.quality.words import HOW_TO_INSTALL, find_recogniser
from benchmarks.report import check_outputs, hardware, print_table, write_json
from voices.clips.decoding import decode_clip
from voices.clips.preparation import PreparedClip, prepare_clip
from voices.errors import ChatterpodError
from worker.engine.checkpoint import require_checkpoint
from worker.text.normalize import is_speakable

TEXTS = (
    "The ferry leaves at a quarter past seven, so we should be at the harbour before sunrise.",
    "I never said that she took it; I only asked whether anyone had seen the blue umbrella.",
    "Please read me the third number again, slowly, and then the two that come after it.",
    "By the time the bread was done, nobody in the kitchen remembered who had put it in.",
)
MEANS_NOTHING = (
    "This checkpoint has random weights and makes noise: that the figures come out is all they show. "
    "They mean nothing about the quality of speech."
)


def main(
    *,
    checkpoint: Annotated[Path, typer.Option(metavar="DIR", help="Chatterbox Turbo's weights.")],
    clip: Annotated[Path, typer.Option(metavar="FILE", help="The clip of the voice to speak in.")],
    texts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file with one text per line; four sentences by default."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to this JSON file.")
    ] = None,
    stock: Annotated[bool, typer.Option("--stock", help="Measure the stock library too.")] = False,
    recogniser: Annotated[str, typer.Option(help="Whisper's model for the word error rate.")] = "small",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of the streamed and the unstreamed speech.")
    ] = 7,
) -> None:
    """Measure the quality of speech: likeness of the voice, words, and the effect of streaming."""
    check_outputs(json_file, None)
    try:
        prepared, chosen = _checked(checkpoint, clip, texts)
        from benchmarks.quality.judging import judge
        from synthetic.checkpoint import MARKER_FILE

        is_noise = (checkpoint / MARKER_FILE).is_file()
        transcribe = None if is_noise else find_recogniser(recogniser)
        results = judge(checkpoint, prepared, chosen, transcribe, seed=seed, beside_stock=stock)
    except (ChatterpodError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"quality: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(", ".join(f"{key} {value}" for key, value in hardware().items()))
    print_table(results)
    notes = [MEANS_NOTHING] if is_noise else [] if transcribe else [HOW_TO_INSTALL]
    for note in notes:
        typer.echo(note)
    if json_file is not None:
        write_json(json_file, results, notes=notes)


def _checked(checkpoint: Path, clip: Path, texts: Path | None) -> tuple[PreparedClip, list[str]]:
    """Return the reference and the texts; raises before anything slow is loaded."""
    require_checkpoint(checkpoint)
    prepared = prepare_clip(decode_clip(clip))
    if texts is None:
        return prepared, list(TEXTS)
    chosen = [line.strip() for line in texts.read_text(encoding="utf-8").splitlines() if is_speakable(line)]
    if not chosen:
        raise ChatterpodError(f"{texts} holds no text to speak: write one in each line.")
    return prepared, chosen


if __name__ == "__main__":
    typer.run(main)
