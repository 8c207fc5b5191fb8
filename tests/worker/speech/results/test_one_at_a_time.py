"""One kept job, one request at a time: whatever its id, its process or its end."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from scripted_engine import ScriptedEngine
from served import served

from voices.library import VoiceLibrary
from worker.engine.base import SpeechBlock
from worker.errors import ResumeBusy
from worker.request import Arrival, SpeechRequest
from worker.settings import Settings
from worker.speech.results import claim as claims
from worker.speech.results import jobs as results
from worker.speech.results.claim import STALE_AFTER_S, Claim
from worker.speech.results.parts import KeptParts
from worker.speech.synthesizer import Synthesizer
from worker.text.chunks import split_text

pytestmark = pytest.mark.process

SENTENCE = "This is sentence number {}, and it is as long as the others are. "
TEXT = "".join(SENTENCE.format(number) for number in range(12))

HOLD = """
import sys, time
from pathlib import Path
from worker.speech.results.claim import Claim
claim = Claim(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


class GatedEngine(ScriptedEngine):
    """Stops at its third text chunk until it may go on: the first two are kept by then."""

    def __init__(self):
        super().__init__()
        self.is_waiting = threading.Event()
        self.may_go_on = threading.Event()

    def stream(self, text, conditionals, options, delivery):
        if len(self.asked) == 2:
            self.is_waiting.set()
            assert self.may_go_on.wait(60)
        yield from super().stream(text, conditionals, options, delivery)


@pytest.fixture
def results_dir(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def folder(results_dir):
    return results_dir / ".parts" / "book"


@pytest.fixture
def speak(registry, results_dir):
    """Speak as a fresh worker on the volume would."""

    def speak(job_id=None, **fields):
        synthesizer = Synthesizer(
            ScriptedEngine(), VoiceLibrary([registry]), Settings(results_dir=results_dir)
        )
        request = SpeechRequest(**{"text": TEXT, "format": "wav", "seed": 1, **fields})
        return list(synthesizer.speak(request, Arrival("r1", job_id=job_id), lambda: False))

    return speak


def _post(site, *, request_id="mine", **body):
    return httpx.post(
        f"{site.url}/tts/generate",
        json={"format": "wav", "stream": False, "seed": 1, **body},
        headers={"X-Request-Id": request_id},
        timeout=60,
    )


def _put_claim(folder, age_s=0.0, **said):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "claim-0.json"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "job": None, **said}))
    os.utime(path, (time.time() - age_s,) * 2)


class TestOverHttp:
    def test_requests_under_one_id_of_the_client_s_do_not_meet(self, tmp_path, results_dir, monkeypatch):
        monkeypatch.setattr(results, "KEPT_FROM_CHARACTERS", 300)
        texts = [TEXT[: -66 * number or None] for number in range(6)]
        with (
            served(ScriptedEngine(), tmp_path, results_dir=results_dir) as site,
            ThreadPoolExecutor(len(texts)) as clients,
        ):
            answers = list(clients.map(lambda text: _post(site, text=text), texts))
            alone = [_post(site, request_id=f"r{number}", text=text) for number, text in enumerate(texts)]
        assert [answer.status_code for answer in answers] == [200] * len(texts)
        assert [answer.content for answer in answers] == [answer.content for answer in alone]

    def test_results_under_one_id_of_the_client_s_are_files_of_their_own(self, registry, results_dir):
        settings = Settings(results_dir=results_dir, max_result_mb=0.01)
        synthesizer = Synthesizer(ScriptedEngine(), VoiceLibrary([registry]), settings)
        paths = set()
        for text in (TEXT, TEXT[:400]):
            request = SpeechRequest(text=text, format="wav", seed=1)
            *_, end = synthesizer.speak(request, Arrival("../mine"), lambda: False)
            paths.add(end.result.path)
            assert Path(end.result.path).stat().st_size == end.result.bytes
        assert len(paths) == 2
        assert {Path(path).parent for path in paths} == {results_dir}

    def test_of_two_with_one_name_the_second_is_told_and_the_first_goes_on(self, tmp_path, results_dir):
        engine = GatedEngine()
        with (
            served(engine, tmp_path, results_dir=results_dir) as site,
            ThreadPoolExecutor(1) as clients,
        ):
            first = clients.submit(_post, site, text=TEXT, resume="book")
            assert engine.is_waiting.wait(30)
            kept = sorted((results_dir / ".parts" / "book").glob("*.flac"))
            assert len(kept) == 2
            second = _post(site, text=TEXT[:300], resume="book")
            third = _post(site, text=TEXT, resume="book")
            assert kept == sorted((results_dir / ".parts" / "book").glob("*.flac"))
            engine.may_go_on.set()
            assert first.result().status_code == 200
            again = _post(site, text=TEXT[:300], resume="book")
        for refused in (second, third):
            assert refused.status_code == 409
            assert float(refused.headers["Retry-After"]) > 0
            error = refused.json()["error"]
            assert (error["code"], error["field"]) == ("resume_busy", "resume")
        assert again.status_code == 200
        assert not (results_dir / ".parts" / "book").exists()


class TestAcrossWorkers:
    def test_a_name_that_another_process_holds_is_free_once_that_was_killed(self, speak, folder):
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(ResumeBusy, match="book"):
                speak(resume="book")
            holder.kill()
        assert speak(resume="book")[-1].chunks
        assert not folder.exists()

    def test_a_name_that_another_machine_holds_is_free_once_nobody_renews_it(self, speak, folder):
        _put_claim(folder, STALE_AFTER_S - 10)
        with pytest.raises(ResumeBusy):
            speak(resume="book")
        _put_claim(folder, STALE_AFTER_S + 10)
        speak(resume="book")

    @pytest.mark.parametrize("resume", ["book", None])
    def test_a_job_that_is_delivered_again_goes_on_at_once(self, speak, results_dir, resume, monkeypatch):
        monkeypatch.setattr(results, "KEPT_FROM_CHARACTERS", 300)
        _put_claim(results_dir / ".parts" / (resume or "job-1"), job="job-1")
        *_, end = speak(job_id="job-1", stream=False, resume=resume)
        assert end.metrics.resumed_text_chunks == 0
        assert not list(results_dir.rglob("claim-*"))

    def test_another_job_of_that_name_does_not(self, speak, folder):
        _put_claim(folder, job="job-1")
        with pytest.raises(ResumeBusy):
            speak(job_id="job-2", resume="book")

    def test_who_lost_the_job_leaves_it_to_who_has_it(self, folder):
        first = Claim(folder, "job-1")
        second = Claim(folder, "job-1")
        assert [first.is_held, second.is_held] == [False, True]
        first.release()
        assert second.is_held
        second.release()
        assert not folder.exists()

    def test_what_says_nothing_is_somebody_s_until_it_is_stale(self, folder):
        folder.mkdir(parents=True)
        (folder / "claim-0.json").write_text("")
        with pytest.raises(ResumeBusy):
            Claim(folder)
        os.utime(folder / "claim-0.json", (0, 0))
        Claim(folder).release()

    def test_a_claim_is_renewed(self, folder, monkeypatch):
        monkeypatch.setattr(claims, "RENEWED_EVERY_S", 0.01)
        claim = Claim(folder)
        [file] = folder.iterdir()
        os.utime(file, (0, 0))
        deadline = time.monotonic() + 30
        while file.stat().st_mtime == 0:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        claim.release()

    def test_of_many_at_once_one_has_it(self, folder):
        together = threading.Barrier(6)
        held = []

        def take():
            together.wait()
            try:
                held.append(Claim(folder))
            except ResumeBusy:
                return

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [claim] = held
        claim.release()


def _keep_first(parts, chunk):
    if parts.stored(0, chunk) is None:
        parts.keep(0, chunk, [SpeechBlock(np.full(2400, 0.1, np.float32), 1)])


class TestWhoWasGivenUp:
    """A worker that was only thought to be gone writes on."""

    CHUNK = next(split_text(TEXT))

    def test_its_parts_are_not_taken_for_another_job_s(self, tmp_path):
        old = KeptParts(tmp_path, "old", 1, 24_000)
        KeptParts(tmp_path, "new", 1, 24_000)
        _keep_first(old, self.CHUNK)
        new = KeptParts(tmp_path, "new", 1, 24_000)
        _keep_first(new, self.CHUNK)
        assert new.resumed == 0
        again = KeptParts(tmp_path, "new", 1, 24_000)
        _keep_first(again, self.CHUNK)
        assert again.resumed == 1

    def test_it_goes_on_though_its_folder_is_gone(self, tmp_path):
        (tmp_path / "job").mkdir()
        parts = KeptParts(tmp_path / "job", "old", 1, 24_000)
        parts.discard()
        (tmp_path / "job").rmdir()
        _keep_first(parts, self.CHUNK)
        assert not (tmp_path / "job").exists()
