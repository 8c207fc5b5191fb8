"""``voices narrate``: books become audiobooks, and no interruption costs or doubles a sentence."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from local_runpod.local_endpoint import LocalEndpoint
from voices_cli.app import app

pytestmark = pytest.mark.process

SENTENCE = "This is sentence number {} of chapter {}, and it is read aloud like all the others. "
CHAPTERS = 3


def _book(path, sentences=6):
    chapters = (
        f"## Chapter {chapter}\n\n"
        + "\n\n".join(SENTENCE.format(number, chapter) * 3 for number in range(sentences))
        for chapter in range(CHAPTERS)
    )
    path.write_text("---\ntitle: A Book\nauthor: Somebody\n---\n" + "\n\n".join(chapters))
    return path


@pytest.fixture
def book(tmp_path):
    return _book(tmp_path / "book.md")


def _arguments(book, out, *more):
    target = str(book.with_name("voices"))
    return [
        "narrate",
        str(book),
        "--out",
        str(out),
        "--engine",
        "preview",
        "--target",
        target,
        *map(str, more),
    ]


def _narrate(book, out, *more, code=0):
    ran = CliRunner().invoke(app, [*_arguments(book, out, *more), "--json"])
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout)


def _samples(path):
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


@pytest.mark.parametrize("suffix", [".m4b", ".m4a", ".mp3", ".flac", ".wav"])
def test_a_book_becomes_a_file_with_chapters(book, tmp_path, suffix):
    out = tmp_path / f"book{suffix}"
    told = _narrate(book, out)
    samples, rate = _samples(out)
    assert len(samples) / rate == pytest.approx(told["audio_seconds"], abs=0.2)
    assert [chapter["title"] for chapter in told["chapters"]] == ["Chapter 0", "Chapter 1", "Chapter 2"]
    assert sum(chapter["seconds"] for chapter in told["chapters"]) == pytest.approx(
        told["audio_seconds"], abs=0.01
    )
    with av.open(str(out)) as container:
        tags = container.metadata or container.streams.audio[0].metadata
        assert {key.lower(): value for key, value in tags.items()}["title"] == "A Book"
        marks = container.chapters()
    if suffix not in {".flac", ".wav"}:
        assert [mark["metadata"]["title"] for mark in marks] == ["Chapter 0", "Chapter 1", "Chapter 2"]
        for mark, chapter in zip(marks, told["chapters"], strict=True):
            assert float(mark["start"] * mark["time_base"]) == pytest.approx(chapter["start_s"], abs=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["book.md", out.name])


def test_a_dry_run_tells_and_speaks_nothing(book, tmp_path):
    told = _narrate(book, tmp_path / "book.m4b", "--dry-run")
    assert (told["title"], told["author"]) == ("A Book", "Somebody")
    assert [chapter["title"] for chapter in told["chapters"]] == ["Chapter 0", "Chapter 1", "Chapter 2"]
    assert [chapter["begins"][:38] for chapter in told["chapters"]] == [
        f"This is sentence number 0 of chapter {chapter}" for chapter in range(CHAPTERS)
    ]
    assert sum(chapter["words"] for chapter in told["chapters"]) == told["words"]
    assert sum(chapter["pieces"] for chapter in told["chapters"]) == told["pieces"]
    assert [path.name for path in tmp_path.iterdir()] == ["book.md"]
    shown = CliRunner().invoke(app, _arguments(book, tmp_path / "book.m4b", "--dry-run")).output
    assert "A Book by Somebody" in shown
    assert "Chapter 2" in shown


@pytest.mark.parametrize("speed", ["1", "1.6"])
def test_a_dry_run_tells_the_length_within_a_fifth(book, tmp_path, speed):
    out = tmp_path / "book.wav"
    told = _narrate(book, out, "--dry-run", "--speed", speed)
    spoken = _narrate(book, out, "--speed", speed)
    assert told["estimated_seconds"] == pytest.approx(spoken["audio_seconds"], rel=0.2)
    assert "measured" in told["estimated_from"]


@pytest.mark.parametrize(
    ("changes", "field"), [(["--out", "x.ogg3"], "out"), (["--voice", "nobody"], "voice_id")]
)
def test_mistakes_are_told_before_anything_is_left(book, tmp_path, changes, field):
    told = _narrate(book, tmp_path / "b.wav", *changes, code=4 if field == "voice_id" else 5)
    assert told["error"]["field"] == field
    assert not list(tmp_path.glob("*.wav"))


def test_only_what_changed_is_spoken_again(book, tmp_path, monkeypatch):
    out = tmp_path / "book.wav"
    monkeypatch.setattr("voices_cli.narration.piece_cache.PieceCache.clear", lambda self: None)
    first = _narrate(book, out)
    book.write_text(book.read_text().replace("number 5 of chapter 2", "number five of chapter 2", 1))
    second = _narrate(book, out)
    assert first["pieces_spoken_now"] == first["pieces"]
    assert second["pieces_spoken_now"] == 1


def test_a_piece_that_fails_is_named_and_does_not_end_the_others(tmp_path):
    path, out = tmp_path / "book.txt", tmp_path / "book.wav"
    whole = "Chapter 1\n\nGood text.\n\nChapter 2\n\n{}\n\nChapter 3\n\nMore good text."
    path.write_text(whole.format("[^1]"))  # a mark alone: the worker has nothing to speak
    told = _narrate(path, out, code=1)
    assert (told["file"], told["pieces_missing"], told["pieces_spoken_now"]) == (None, 1, 5)
    (failed,) = told["failed"]
    assert (failed["chapter"], failed["chapter_title"], failed["begins"]) == (2, "Chapter 2", "[^1]")
    assert failed["position"] == len("Chapter 2")
    assert failed["error"]["code"] == "invalid_request"
    assert not out.exists()
    shown = CliRunner().invoke(app, _arguments(path, out))
    assert shown.exit_code == 1
    assert "chapter 2 (Chapter 2), character 9: “[^1]”" in shown.output
    path.write_text(whole.format("Now there are words."))
    assert _narrate(path, out)["pieces_spoken_now"] == 1


def test_an_endpoint_reads_as_the_engine_here_does(book, tmp_path):
    with LocalEndpoint(env={"ENGINE": "preview", "VOICES_DIR": str(tmp_path / "voices")}) as endpoint:
        endpoint.wait_until_ready()
        told = _narrate(book, tmp_path / "there.wav", "--via", endpoint.url)
    _narrate(book, tmp_path / "here.wav")
    there, _ = _samples(tmp_path / "there.wav")
    here, _ = _samples(tmp_path / "here.wav")
    assert told["pieces_spoken_now"] == told["pieces"]
    # Not to the sample: espeak-ng's voice wavers with all that it has said before.
    assert len(there) == pytest.approx(len(here), rel=0.002)


@pytest.mark.slow
def test_a_narration_that_is_killed_again_and_again_is_what_it_would_have_been(tmp_path):
    book = _book(tmp_path / "book.md", sentences=24)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    command = [sys.executable, "-m", "voices_cli", *_arguments(book, tmp_path / "killed.flac")]
    pieces = tmp_path / ".killed.flac.pieces"
    chance = random.Random(0)
    counts = []
    for _ in range(3):
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            deadline = time.monotonic() + 60
            wanted = (counts[-1] if counts else 0) + 2
            while _count(pieces) < wanted and child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            child.send_signal(signal.SIGKILL)
        counts.append(_count(pieces))
        assert not (tmp_path / "killed.flac").exists()
    told = _narrate(book, tmp_path / "killed.flac")
    assert told["pieces_spoken_now"] == told["pieces"] - counts[-1]
    assert 0 < counts[0] <= counts[-1] < told["pieces"]
    whole = _narrate(book, tmp_path / "whole.flac")
    # A sentence takes five seconds: none is missing, and none is there twice.
    for killed, uninterrupted in zip(told["chapters"], whole["chapters"], strict=True):
        assert killed["seconds"] == pytest.approx(uninterrupted["seconds"], abs=0.5)


def _count(folder):
    return len(list(folder.glob("[!.]*.flac")))
