"""``narrate``: a book becomes an audiobook."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voices_cli.options import Device, EndpointUrl, EngineOption, Json, ModelDir, Targets, Via

if TYPE_CHECKING:
    from voices_cli.books import Book
    from voices_cli.narration.spoken import Say
    from voices_cli.narration.workshop import SpokenPiece, Workshop
    from voices_cli.session import Session

app = typer.Typer()


@app.command()
def narrate(
    book: Annotated[Path, typer.Argument(help="A .txt, .md or .epub file.", dir_okay=False)],
    *,
    voice: Annotated[str, typer.Option(help="Who reads it, as in `voices list`.")] = "default",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write: .m4b, .m4a, .mp3, .ogg, .opus, .flac or .wav. [default: BOOK.m4b]"
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="The pitch stays.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="By default each piece has one of its own.")] = None,
    language: Annotated[str | None, typer.Option(help="The book's, such as en-GB.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the chapters, and speak nothing.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what was spoken so far.")] = False,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    via: Via = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Read a book into an audiobook with chapters; interrupted, the same command goes on with it."""
    from voices.voice import check_voice_id
    from voices.whole_file import check_writable
    from voices_cli.books import read_untrusted
    from voices_cli.engine import EngineChoice, name_engine_here
    from voices_cli.narration.audiobook import check_suffix
    from voices_cli.narration.outlook import measured_pace, outlook, outlook_lines, reckoned_pace
    from voices_cli.narration.pieces import pieces
    from voices_cli.narration.workshop import Workshop
    from voices_cli.session import session

    with session(target, endpoint_url, as_json=as_json) as run:
        path = out or book.with_suffix(".m4b")
        check_suffix(path)
        found = read_untrusted(book)
        for warning in found.warnings:
            run.output.note(f"warning: {warning}")
        check_voice_id(voice)
        chosen = {"speed": speed, "seed": seed, "language": language}
        options = {"voice_id": voice, **{name: value for name, value in chosen.items() if value is not None}}
        if dry_run:
            planned_pieces, pace = list(pieces(found)), reckoned_pace()
            if not via and name_engine_here(EngineChoice(engine, model_dir, device)) == "preview":
                with _speaker(None, (engine, model_dir, device), voice, run) as say:
                    pace = measured_pace(planned_pieces, options, say, speed)
            told = outlook(found, planned_pieces, pace, speed)
            run.output.result(told, *outlook_lines(told))
            return
        check_writable(path)
        workshop = Workshop(path)
        speaker = via or f"{engine or 'auto'} {model_dir or ''}"
        planned = workshop.plan(list(pieces(found)), options, speaker)
        with _speaker(via, (engine, model_dir, device), voice, run) as say:
            if restart:
                workshop.clear()
            spoken_now = _speak(found, workshop, planned, say, run)
        _finish(found, planned, path, run, spoken_now)
        workshop.clear()


def _speak(
    book: "Book", workshop: "Workshop", planned: "Sequence[SpokenPiece]", say: "Say", run: "Session"
) -> int:
    """Speak what is not spoken yet; returns how many pieces that were, and exits where some are missing."""
    from voices_cli.narration.spoken import FailedPiece, speak_pieces

    missing = [each for each in planned if not each.is_there]
    if len(missing) < len(planned):
        run.output.note(f"{len(planned) - len(missing)} of {len(planned)} pieces are spoken already")
    failed: list[FailedPiece] = []

    def tell(failure: FailedPiece) -> None:
        failed.append(failure)
        run.output.note(f"{failure.place(book)}: {failure.reason}")

    spoken_now = speak_pieces(workshop, run.output.progress(missing, "speaking"), say, tell)
    if failed:
        left = len(missing) - spoken_now
        run.output.result(
            {
                "file": None,
                "title": book.title,
                "pieces": len(planned),
                "pieces_spoken_now": spoken_now,
                "pieces_missing": left,
                "failed": [each.as_dict(book) for each in failed],
            },
            f"{left} of {len(planned)} pieces are missing, so there is no audiobook yet; "
            "the same command speaks only these",
            *(f"  {each.place(book)}: {each.reason}" for each in failed),
        )
        raise typer.Exit(1)
    return spoken_now


@contextmanager
def _speaker(
    via: str | None, engine: tuple[str | None, str | None, str | None], voice_id: str, run: "Session"
) -> Iterator["Say"]:
    """Open what speaks: an endpoint, or an engine here."""
    if via:
        from voices_cli.session import open_endpoint

        with open_endpoint(via) as client:
            yield lambda job, path: client.speak(**job).save(path)
        return
    from voices_cli.engine import EngineChoice, check_voice, speaking_here

    check_voice(run.one, voice_id)
    with speaking_here(run.one, EngineChoice(*engine)) as say:
        yield say


def _finish(
    book: "Book", planned: "Sequence[SpokenPiece]", path: Path, run: "Session", spoken_now: int
) -> None:
    from voices_cli.narration.audiobook import write_audiobook
    from voices_cli.narration.outlook import clock

    with run.output.step(f"writing {path}"):
        marks = write_audiobook(book, planned, path)
    seconds = sum(mark.seconds for mark in marks)
    run.output.result(
        {
            "file": str(path),
            "title": book.title,
            "author": book.author,
            "audio_seconds": round(seconds, 3),
            "pieces": len(planned),
            "pieces_spoken_now": spoken_now,
            "chapters": [
                {"title": mark.title, "start_s": mark.start_s, "seconds": mark.seconds} for mark in marks
            ],
        },
        f"{path}: {clock(seconds)}, {len(marks)} chapters",
        *(f"  {clock(mark.start_s)}  {mark.title}" for mark in marks),
    )
