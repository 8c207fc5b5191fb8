"""A disk that is full: the client is told, may come again, and nothing stays that keeps it full."""

import asyncio
import json
import os
import tempfile
import time

import httpx
import pytest
from full_disk import full_disk
from scripted_engine import ScriptedEngine
from served import served

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.handler import JobHandler
from worker.request import Arrival, SpeechRequest
from worker.service.service import SpeechService
from worker.settings import Settings
from worker.speech.results import jobs as results
from worker.speech.results.jobs import Results
from worker.speech.results.leftovers import PARTS_SECONDS, UNFINISHED_SECONDS
from worker.speech.results.overflow import Overflow
from worker.speech.synthesizer import Synthesizer
from worker.telemetry.observer import Observer

SENTENCE = "This is sentence number {}, and it is as long as the others are. "
TEXT = "".join(SENTENCE.format(number) for number in range(12))
ROOM = 100_000
ROOM_OF_A_SHORT_PART = 12_000


@pytest.fixture
def results_dir(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def speak(registry, results_dir):
    def speak(job_id=None, max_result_mb=0.01, **fields):
        settings = Settings(results_dir=results_dir, max_result_mb=max_result_mb)
        synthesizer = Synthesizer(ScriptedEngine(), VoiceLibrary([registry]), settings)
        request = SpeechRequest(**{"text": TEXT, "format": "wav", "seed": 1, **fields})
        return list(synthesizer.speak(request, Arrival("r1", job_id=job_id), lambda: False))

    return speak


def _left(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [ROOM + 10, 5 * ROOM], ids=["told on closing", "told on writing"])
def test_a_result_without_room_is_a_failure_of_the_store_and_goes(tmp_path, size):
    overflow = Overflow(10, "wav", tmp_path)

    def write():
        for begin in range(0, size, 1000):
            overflow.write(bytes(min(1000, size - begin)))
        overflow.finish()

    with full_disk(ROOM):
        with pytest.raises(StoreFailure, match="Could not write the result") as failed:
            write()
        overflow.discard()
    assert failed.value.retry_after_s
    assert _left(tmp_path) == []


def test_over_http_it_is_a_503_with_retry_after(tmp_path, results_dir):
    with served(ScriptedEngine(), tmp_path, results_dir=results_dir) as site:
        body = {"text": 4 * TEXT, "format": "wav_48000", "stream": False}  # 3 MB
        with full_disk(ROOM):
            refused = httpx.post(f"{site.url}/tts/generate", json=body, timeout=60)
    assert refused.status_code == 503
    assert float(refused.headers["Retry-After"]) > 0
    error = refused.json()["error"]
    assert error["code"] == "store_failure"
    assert "TMPDIR" in error["message"]
    assert _left(results_dir) == []


def test_on_the_queue_it_says_when_to_come_again(registry, results_dir, monkeypatch):
    monkeypatch.setattr(results, "KEPT_FROM_CHARACTERS", 300)
    settings = Settings(results_dir=results_dir, max_result_mb=0.01)
    service = SpeechService(ScriptedEngine(), VoiceLibrary([registry]), settings)
    handler = JobHandler(service, Observer([]), settings.max_result_bytes)

    async def ask(text):
        job = {"id": "job-1", "input": {"text": text, "format": "wav", "stream": False}}
        return [item async for item in handler.handle(job)]

    with full_disk(ROOM):
        *_, last = asyncio.run(ask(TEXT))
    service.close()
    error = json.loads(last["error"])
    assert error["code"] == "store_failure"
    assert error["retry_after_s"] > 0
    assert _left(results_dir) == []


def test_a_part_without_room_goes_and_those_before_it_stay(speak, results_dir):
    asked = {"resume": "book", "max_result_mb": 9.0}  # its text chunks become longer: 66, then 199 characters
    with full_disk(ROOM_OF_A_SHORT_PART), pytest.raises(StoreFailure, match="Could not keep a part"):
        speak(**asked)
    parts = results_dir / ".parts" / "book"
    journal = parts / "journal.jsonl"
    kept = [json.loads(line)["file"] for line in journal.read_text().splitlines()[1:]]
    assert sorted(path.name for path in parts.iterdir()) == sorted([*kept, "journal.jsonl"])
    *_, end = speak(**asked)
    assert end.metrics.resumed_text_chunks == len(kept) == 1


def test_a_job_that_cannot_even_begin_leaves_nothing(speak, results_dir):
    with full_disk(50), pytest.raises(StoreFailure, match="Could not keep") as failed:
        speak(resume="book")
    assert failed.value.retry_after_s
    assert list((results_dir / ".parts").iterdir()) == []


def test_a_result_that_cannot_be_closed_is_a_failure_of_the_store(speak, results_dir, monkeypatch):
    """As on a volume that goes away while its file's length is written."""
    finish = Overflow.finish

    def lose(overflow):
        path = finish(overflow)
        path.unlink()
        return path

    monkeypatch.setattr(Overflow, "finish", lose)
    with pytest.raises(StoreFailure, match="Could not write the result"):
        speak()
    assert _left(results_dir) == []


class TestLeftovers:
    @pytest.fixture
    def leave(self, results_dir):
        def leave(name, age_s):
            path = results_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"half")
            for each in (path, *([path.parent] if path.parent.parent.name == ".parts" else [])):
                os.utime(each, (time.time() - age_s,) * 2)

        return leave

    def test_what_crashes_left_goes_when_a_worker_starts(self, leave, results_dir):
        for age_s, state in ((-60, "young"), (60, "old")):
            leave(f".unfinished/{state}", UNFINISHED_SECONDS + age_s)
            leave(f".{state}.json.ab12.unfinished", UNFINISHED_SECONDS + age_s)
            leave(f".parts/{state}/00000-ab.flac", PARTS_SECONDS + age_s)
            leave(f"{state}.mp3", PARTS_SECONDS + age_s)
        Results(Settings(results_dir=results_dir))
        assert _left(results_dir) == [
            ".parts/young/00000-ab.flac",
            ".unfinished/young",
            ".young.json.ab12.unfinished",
            "old.mp3",
            "young.mp3",
        ]

    def test_and_before_a_result_is_written(self, leave, results_dir):
        leave(".unfinished/old", UNFINISHED_SECONDS + 60)
        overflow = Overflow(0, "wav", results_dir / ".unfinished")
        overflow.write(b"new")
        assert len(_left(results_dir)) == 1
        overflow.discard()
        assert _left(results_dir) == []


def test_a_clip_that_cannot_be_sent_from_this_disk_is_told_and_leaves_nothing(
    tmp_path, registry, prepared, monkeypatch
):
    Publisher(registry).add("anna", prepared)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(here))
    with served(ScriptedEngine(), registry.store.root) as site:
        with full_disk(1_000):
            refused = httpx.get(f"{site.url}/voices/anna/clip")
        assert refused.status_code == 503
        assert "TMPDIR" in refused.json()["error"]["message"]
        assert _left(here) == []
        assert httpx.get(f"{site.url}/voices/anna/clip").status_code == 200
        assert site.wait_until(lambda: _left(here) == [])
