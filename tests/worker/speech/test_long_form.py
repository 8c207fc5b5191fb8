"""Long speech as one job: memory flat, nothing lost, and gone on with after the worker was killed."""

import hashlib
import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import soundfile

from chatterpod import SpeechClient
from local_runpod.local_endpoint import LocalEndpoint

pytestmark = pytest.mark.process

SENTENCE = "This is sentence number {}, and it is read aloud like all the others in this long text. "
HOUR = "".join(SENTENCE.format(number) for number in range(700))
"""62,000 characters: more than an hour at preview's usual pace."""
QUARTER = HOUR[: HOUR.index(SENTENCE.format(175))]

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from voices.library import VoiceLibrary
from worker.engine.preview.engine import PreviewEngine
from worker.speech.progress import Arrival
from worker.request import SpeechRequest
from worker.settings import Settings
from worker.speech.synthesizer import Synthesizer

directory, text = Path(sys.argv[1]), sys.stdin.read()
settings = Settings(results_dir=directory)
synthesizer = Synthesizer(PreviewEngine(), VoiceLibrary.at(directory / "voices"), settings)

def speak(text):
    request = SpeechRequest(text=text, format="wav", stream=False)
    *_, end = synthesizer.speak(request, Arrival(f"job-{len(text)}"), lambda: False)
    return end.audio_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(json.dumps([speak(text[: len(text) // 8]), speak(text)]))
"""


@pytest.fixture
def endpoint(tmp_path):
    env = {
        "ENGINE": "preview",
        "VOICES_DIR": str(tmp_path / "voices"),
        "RESULTS_DIR": str(tmp_path / "results"),
        "MAX_RESULT_MB": "0.5",
    }
    with LocalEndpoint(env=env) as endpoint:
        endpoint.wait_until_ready()
        yield endpoint


def _run(endpoint, **fields):
    answer = httpx.post(f"{endpoint.url}/run", json={"input": fields}, timeout=60).json()
    return answer["id"]


def _output(endpoint, job_id, timeout=240):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = httpx.get(f"{endpoint.url}/status/{job_id}", timeout=60).json()
        if answer["status"] not in {"IN_QUEUE", "IN_PROGRESS"}:
            assert answer["status"] == "COMPLETED", answer
            return answer["output"]
        time.sleep(0.05)
    raise TimeoutError(job_id)


def test_a_streamed_job_loses_nothing_and_its_result_says_where_the_audio_is(endpoint):
    text = HOUR[:9_000]
    with SpeechClient(endpoint.url, timeout=120) as client:
        speech = client.speak(text, format="mp3")
        audio = speech.read()  # counted, and its checksum compared
        output = _output(endpoint, speech.job_id)
    assert len(audio) * 4 / 3 > 0.5 * 2**20
    spans = speech.timeline
    assert spans[0].start == 0
    assert spans[-1].end == len(text.rstrip())
    assert all(one.end < two.start <= one.end + 2 for one, two in pairwise(spans))
    events = [event for event in output if event["type"] == "audio"]
    assert len(events) == speech.end.chunks
    assert {event["audio"] for event in events} == {""}
    result = speech.end.extra["result"]
    assert Path(result["path"]).read_bytes() == audio
    assert result["sha256"] == speech.end.sha256


@pytest.mark.slow
def test_a_long_text_goes_on_after_its_worker_was_killed(endpoint, tmp_path):
    long = {"text": QUARTER, "format": "flac", "stream": False, "resume": "long"}
    parts = tmp_path / "results" / ".parts" / "long"
    kept = []
    for wanted in (5, 30):
        _run(endpoint, **long)
        deadline = time.monotonic() + 60
        while len(list(parts.glob("*.flac"))) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        endpoint.restart_worker()
        kept.append(len(list(parts.glob("*.flac"))))
    *_, end = _output(endpoint, _run(endpoint, **long))
    # A part whose line was not in the journal yet is spoken again.
    assert end["metrics"]["resumed_text_chunks"] >= kept[-1] - 2 >= 28
    result = end["result"]
    assert result["sha256"] == hashlib.sha256(Path(result["path"]).read_bytes()).hexdigest()
    assert soundfile.info(result["path"]).duration == pytest.approx(end["audio_seconds"], abs=0.001)
    assert end["audio_seconds"] > 900

    *_, uninterrupted = _output(endpoint, _run(endpoint, **{**long, "resume": "again"}))
    assert uninterrupted["metrics"]["resumed_text_chunks"] == 0
    # A sentence takes five seconds: none is missing, and none is there twice.
    assert end["audio_seconds"] == pytest.approx(uninterrupted["audio_seconds"], abs=2.5)
    assert not parts.exists()


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_few_minutes(tmp_path):
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)],
        input=HOUR,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    (_, before), (seconds, after) = json.loads(measured.stdout)
    assert seconds > 3_600
    assert after - before < 20  # MB; the hour's samples are 175
