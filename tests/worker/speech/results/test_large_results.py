"""Results larger than an answer may be, and jobs that are kept on the way."""

import hashlib
import io
import json
import os
import shutil
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from s3_server import s3_server  # noqa: F401 - a fixture
from scripted_engine import ScriptedEngine

from voices.errors import InvalidRequest, StoreFailure
from voices.library import VoiceLibrary
from worker.errors import Cancelled, TextTooLong
from worker.events import AudioEvent, EndEvent, ProgressEvent
from worker.job_fetching import Aggregate
from worker.request import Arrival, SpeechRequest
from worker.settings import Settings
from worker.speech import synthesizer as answer
from worker.speech.synthesizer import Synthesizer

pytestmark = pytest.mark.process

SENTENCE = "This is sentence number {}, and it is as long as the others are. "
TEXT = "".join(SENTENCE.format(number) for number in range(40))
LIMIT = {"max_result_mb": 0.1}


class NoisyEngine(ScriptedEngine):
    """Speaks noise that only its seed decides."""

    def stream(self, text, conditionals, options, delivery):
        for block in super().stream(text, conditionals, options, delivery):
            noise = np.random.default_rng(options.seed).standard_normal(len(block.samples))
            yield type(block)((0.1 * noise).astype(np.float32), block.speech_tokens, block.was_cut)


@pytest.fixture
def results_dir(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def speak(registry, results_dir):
    """Speak a request with a fresh engine, as a fresh worker would; the engine is in ``speak.engine``."""

    def speak(job_id="job-1", cancelled=lambda: False, settings=None, engine=NoisyEngine, **fields):
        speak.engine = engine()
        chosen = {"results_dir": results_dir, **LIMIT, **(settings or {})}
        synthesizer = Synthesizer(speak.engine, VoiceLibrary([registry]), Settings(**chosen))
        request = SpeechRequest(**{"text": TEXT, "format": "wav", "seed": 1, **fields})
        return list(synthesizer.speak(request, Arrival("r1", job_id=job_id), cancelled))

    return speak


def _audio(events):
    return b"".join(event.audio for event in events if isinstance(event, AudioEvent))


def _whole(speak, **fields):
    return _audio(speak(settings={"max_result_mb": 9.0}, **fields))


def _left(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


class TestOverflow:
    @pytest.mark.parametrize("name", ["mp3", "opus", "ulaw", "pcm"])
    @pytest.mark.parametrize("stream", [True, False])
    def test_the_file_is_what_the_events_would_have_carried(self, speak, results_dir, name, stream):
        settings = {"max_result_mb": 0.01}
        *events, end = speak(format=name, stream=stream, settings=settings)
        written = (results_dir / f"job-1.{name}").read_bytes()
        assert written == _whole(speak, format=name)
        assert end.result.path == str(results_dir / f"job-1.{name}")
        assert end.result.bytes == len(written)
        assert end.result.sha256 == hashlib.sha256(written).hexdigest()
        assert end.audio_seconds == end.result.audio_seconds > 20
        assert _audio(events) == (written if stream else b"")
        assert end.sha256 == hashlib.sha256(_audio(events)).hexdigest()
        assert _left(results_dir) == [f"job-1.{name}"]

    @pytest.mark.parametrize("name", ["wav", "flac"])
    def test_a_file_with_a_length_has_it(self, speak, results_dir, name):
        *_, end = speak(format=name, stream=False)
        samples, rate = soundfile.read(results_dir / f"job-1.{name}")
        assert len(samples) / rate == pytest.approx(end.audio_seconds, abs=1e-4)
        expected, _ = soundfile.read(io.BytesIO(_whole(speak)))
        assert np.array_equal(samples, expected)

    def test_what_fits_is_answered_as_ever(self, speak, results_dir):
        _, audio, end = speak(text="Hello there.", stream=False)
        assert end.result is None
        assert "result" not in end.as_json()
        assert audio.audio[:4] == b"RIFF"
        assert not results_dir.exists()

    @pytest.mark.parametrize("stream", [True, False])
    def test_without_a_place_it_is_refused_as_too_long(self, speak, stream):
        with pytest.raises(TextTooLong, match="RESULTS_DIR"):
            speak(stream=stream, settings={"results_dir": None})

    def test_a_directory_that_cannot_be_written_is_a_store_failure(self, speak, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreFailure, match="Could not write the result to"):
            speak(settings={"results_dir": tmp_path / "file"})

    def test_a_job_that_is_cancelled_leaves_no_unfinished_file(self, speak, results_dir):
        asked = []
        with pytest.raises(Cancelled):
            speak(cancelled=lambda: asked.append(1) or len(asked) > 300)
        assert _left(results_dir) == []

    def test_an_id_that_is_no_file_name_leads_nowhere_else(self, speak, results_dir):
        *_, end = speak(job_id="../../etc/passwd")
        assert Path(end.result.path).parent == results_dir

    def test_progress_is_told_while_the_audio_is_not(self, speak, monkeypatch):
        monkeypatch.setattr(answer, "PROGRESS_SECONDS", 0.0)
        _, *told, _ = speak(stream=False)
        assert {type(event) for event in told} == {ProgressEvent}
        characters = [event.characters for event in told]
        assert characters == sorted(characters)
        assert characters[-1] == len(TEXT.rstrip()) == told[-1].total_characters - 1
        assert told[-1].as_json()["type"] == "progress"

    def test_a_bucket_answers_with_a_url(self, speak, s3_server):  # noqa: F811
        settings = {
            "bucket_endpoint_url": f"{s3_server.url}/{s3_server.bucket_dir.name}",
            "bucket_access_key_id": s3_server.credentials.access_key_id,
            "bucket_secret_access_key": s3_server.credentials.secret_access_key,
            "results_dir": None,
        }
        *_, end = speak(format="mp3", settings={**settings, "max_result_mb": 0.01})
        assert end.result.path is None
        fetched = httpx.get(end.result.url).content
        assert hashlib.sha256(fetched).hexdigest() == end.result.sha256
        assert fetched == _whole(speak, format="mp3")
        assert s3_server.credentials.secret_access_key not in json.dumps(end.as_json())

    def test_a_bucket_that_refuses_is_a_store_failure(self, speak, s3_server):  # noqa: F811
        settings = {
            "bucket_endpoint_url": s3_server.url,
            "bucket_access_key_id": "somebody",
            "bucket_secret_access_key": "else",
            "bucket_name": s3_server.bucket_dir.name,
        }
        with pytest.raises(StoreFailure, match="Could not write the result"):
            speak(settings=settings)


class TestResuming:
    def _interrupted(self, speak, **fields):
        """Speak until about the middle; return how many text chunks the engine was asked for."""
        texts = []

        class Breaking(NoisyEngine):
            def stream(self, text, *rest):
                texts.append(text)
                if len(texts) > 6:
                    raise RuntimeError("the machine is gone")
                return super().stream(text, *rest)

        with pytest.raises(RuntimeError):
            speak(engine=Breaking, resume="book", **fields)
        return texts

    @pytest.mark.parametrize("stream", [True, False])
    def test_what_was_spoken_is_not_spoken_again_and_all_is_as_if_never_interrupted(
        self, speak, results_dir, stream
    ):
        self._interrupted(speak, stream=stream, seed=None)
        kept = len(list((results_dir / ".parts" / "book").glob("*.flac")))
        assert kept >= 3
        seed = json.loads((results_dir / ".parts/book/journal.jsonl").read_text().splitlines()[0])["seed"]
        *_, end = speak(resume="book", stream=stream, seed=None)
        resumed = Path(end.result.path).read_bytes()
        assert end.metrics.resumed_text_chunks == kept
        asked = [text for text, _ in speak.engine.asked]
        *_, other_end = speak(resume="other", stream=stream, seed=seed)
        everything = [text for text, _ in speak.engine.asked]
        assert asked == everything[kept:]
        assert resumed == Path(other_end.result.path).read_bytes()

    def test_parts_are_gone_when_the_job_is_done(self, speak, results_dir):
        speak(resume="book")
        assert not list(results_dir.rglob("*.flac"))
        assert _left(results_dir) == ["book.json", "book.wav"]

    def test_a_job_that_was_done_is_answered_at_once(self, speak, results_dir):
        *_, first = speak(resume="book", stream=False, seed=None)
        _, end = speak(resume="book", stream=False, seed=None)
        assert speak.engine.asked == []
        assert end.result == first.result
        assert end.audio_seconds == first.audio_seconds
        (results_dir / "book.wav").unlink()
        speak(resume="book", stream=False, seed=None)
        assert speak.engine.asked

    @pytest.mark.parametrize("change", [{"text": TEXT + "More."}, {"temperature": 0.1}, {"format": "flac"}])
    def test_another_request_under_the_same_name_begins_anew(self, speak, change):
        self._interrupted(speak)
        *_, end = speak(resume="book", **change)
        assert end.metrics.resumed_text_chunks == 0

    @pytest.mark.parametrize(
        "damage",
        [
            lambda parts: (parts / "journal.jsonl").write_bytes((parts / "journal.jsonl").read_bytes()[:-40]),
            lambda parts: next(parts.glob("00001*")).write_bytes(b"fLaC"),
            lambda parts: next(parts.glob("00001*")).unlink(),
            lambda parts: (parts / "journal.jsonl").write_bytes(b""),
            lambda parts: (parts / "journal.jsonl").write_bytes(b"[]\nnull\n{}"),
        ],
    )
    def test_what_a_crash_damaged_is_spoken_again(self, speak, results_dir, damage):
        self._interrupted(speak)
        damage(results_dir / ".parts" / "book")
        *_, end = speak(resume="book")
        *_, other = speak(resume="other")
        assert Path(end.result.path).read_bytes() == Path(other.result.path).read_bytes()

    def test_a_line_that_was_cut_off_does_not_spoil_the_next(self, speak, results_dir):
        self._interrupted(speak)
        journal = results_dir / ".parts/book/journal.jsonl"
        journal.write_bytes(journal.read_bytes()[:-40])
        self._interrupted(speak)
        kept = len(journal.read_bytes().split(b"\n")) - 2
        *_, end = speak(resume="book")
        assert end.metrics.resumed_text_chunks == kept

    def test_long_jobs_are_kept_under_their_id_without_being_asked(self, speak, results_dir):
        speak(text=TEXT * 3, stream=False)
        assert _left(results_dir) == ["job-1.json", "job-1.wav"]
        assert len(speak(text=TEXT * 3, stream=False)) == 2
        assert speak.engine.asked == []

    def test_it_cannot_be_asked_for_without_a_volume(self, speak):
        with pytest.raises(InvalidRequest, match="resume"):
            speak(resume="book", settings={"results_dir": None})

    def test_a_cancelled_text_chunk_is_not_kept(self, speak, results_dir):
        asked = []
        with pytest.raises(Cancelled):
            speak(resume="book", cancelled=lambda: asked.append(1) or len(asked) > 200)
        lengths = [soundfile.info(part).frames for part in (results_dir / ".parts/book").glob("*.flac")]
        *_, end = speak(resume="book")
        texts = [text for text, _ in speak.engine.asked]
        assert lengths
        assert end.metrics.resumed_text_chunks == len(lengths)
        assert sum(lengths) + sum(map(len, texts)) * 240 == len("".join(_spoken_texts())) * 240

    def test_what_nobody_went_on_with_for_a_week_is_removed(self, speak, results_dir):
        self._interrupted(speak)
        old = results_dir / ".parts" / "old"
        shutil.copytree(results_dir / ".parts" / "book", old)
        os.utime(old, (time.time() - 8 * 24 * 3600,) * 2)
        speak(resume="another")
        assert not old.exists()
        assert (results_dir / ".parts" / "book").exists()


def _spoken_texts():
    from worker.text.chunks import split_text

    return [chunk.text for chunk in split_text(TEXT)]


class TestAggregate:
    def test_what_fits_stays(self):
        aggregate, events = Aggregate(6), [{"audio": "YWJj"}, {"type": "end"}, {"audio": "YWI="}]
        for event in events:
            aggregate.add(event)
        assert [event.get("audio") for event in events] == ["YWJj", None, "YWI="]

    def test_once_it_is_too_much_the_posted_events_lose_their_audio(self):
        aggregate = Aggregate(5)
        events = [{"type": "audio", "index": index, "audio": "YWJj"} for index in range(4)]
        for event in events:
            aggregate.add(event)
        assert [event["audio"] for event in events] == [""] * 4
        assert [event["index"] for event in events] == [0, 1, 2, 3]


def test_the_end_event_tells_where_in_json(speak):
    *_, end = speak()
    assert isinstance(end, EndEvent)
    result = end.as_json()["result"]
    assert set(result) == {"bytes", "sha256", "audio_seconds", "path"}
