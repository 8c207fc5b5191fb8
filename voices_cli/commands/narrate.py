"""``narrate``: make an audiobook from a book."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voices_cli.options import Device, EndpointUrl, EngineOption, Json, ModelDir, Targets, Via

if TYPE_CHECKING:
    from voices_cli.books import Book
    from voices_cli.narration.piece_cache import CachedPiece, PieceCache
    from voices_cli.narration.spoken import Say
    from voices_cli.session import Session

app = typer.Typer()


@app.command()
def narrate(
    book: Annotated[Path, typer.Argument(help="A .txt, .md or .epub file.", dir_okay=False)],
    *,
    voice: Annotated[str, typer.Option(help="The voice's id, as in `voices list`.")] = "default",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write: .m4b, .m4a, .mp3, .ogg, .opus, .flac or .wav. Default: BOOK.m4b."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="Speaking rate; keeps the pitch.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Random seed. Default: a different one per piece.")] = None,
    language: Annotated[str | None, typer.Option(help="The book's language, such as en-GB.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the chapters without speaking.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard the pieces spoken so far.")] = False,
    engine: EngineOption = None,
    model_dir: ModelDir = None,
    device: Device = None,
    via: Via = None,
    target: Targets = None,
    endpoint_url: EndpointUrl = None,
    as_json: Json = False,
) -> None:
    """Make an audiobook with chapters from a book; after an interruption the same command resumes."""
    from voices.voice import check_voice_id
    from voices.whole_file import check_writable
    from voices_cli.books import read_untrusted
    from voices_cli.engine import EngineChoice, name_engine_here
    from voices_cli.narration.audiobook import check_suffix
    from voices_cli.narration.estimate import assumed_pace, estimate, estimate_lines, measured_pace
    from voices_cli.narration.piece_cache import PieceCache
    from voices_cli.narration.pieces import pieces
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
            planned_pieces, pace = list(pieces(found)), assumed_pace()
            if not via and name_engine_here(EngineChoice(engine, model_dir, device)) == "preview":
                with _speaker(None, (engine, model_dir, device), voice, run) as say:
                    pace = measured_pace(planned_pieces, options, say, speed)
            estimated = estimate(found, planned_pieces, pace, speed)
            run.output.result(estimated, *estimate_lines(estimated))
            return
        check_writable(path)
        cache = PieceCache(path)
        speaker = via or f"{engine or 'auto'} {model_dir or ''}"
        planned = cache.plan(list(pieces(found)), options, speaker)
        with _speaker(via, (engine, model_dir, device), voice, run) as say:
            if restart:
                cache.clear()
            spoken_now = _speak(found, cache, planned, say, run)
        _finish(found, planned, path, run, spoken_now)
        cache.clear()


def _speak(
    book: "Book", cache: "PieceCache", planned: "Sequence[CachedPiece]", say: "Say", run: "Session"
) -> int:
    """Speak the missing pieces and return their number; exits with status 1 if any failed."""
    from voices_cli.narration.spoken import FailedPiece, speak_pieces

    missing = [each for each in planned if not each.is_there]
    if len(missing) < len(planned):
        run.output.note(f"{len(planned) - len(missing)} of {len(planned)} pieces are spoken already")
    failed: list[FailedPiece] = []

    def tell(failure: FailedPiece) -> None:
        failed.append(failure)
        run.output.note(f"{failure.place(book)}: {failure.reason}")

    spoken_now = speak_pieces(cache, run.output.progress(missing, "speaking"), say, tell)
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
            f"{left} of {len(planned)} pieces are missing, so the audiobook was not written; "
            "run the same command again to speak only these",
            *(f"  {each.place(book)}: {each.reason}" for each in failed),
        )
        raise typer.Exit(1)
    return spoken_now


@contextmanager
def _speaker(
    via: str | None, engine: tuple[str | None, str | None, str | None], voice_id: str, run: "Session"
) -> Iterator["Say"]:
    """Open an endpoint, or an engine here, and yield its ``Say`` function."""
    if via:
        from voices_cli.session import open_endpoint

        with open_endpoint(via) as client:
            yield lambda job, path: client.speak(**job).save(path)
        return
    from voices_cli.engine import EngineChoice, check_voice, open_speaker

    check_voice(run.one, voice_id)
    with open_speaker(run.one, EngineChoice(*engine)) as speaker:
        yield speaker.say


def _finish(
    book: "Book", planned: "Sequence[CachedPiece]", path: Path, run: "Session", spoken_now: int
) -> None:
    from voices_cli.narration.audiobook import write_audiobook
    from voices_cli.narration.estimate import clock

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
