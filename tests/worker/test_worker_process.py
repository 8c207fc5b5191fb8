"""The real worker in its own process, on the real SDK's loop, behind the local control plane."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile
from speech import PASSAGE, speak_clip

from chatterpod import RequestFailed, SpeechClient
from local_runpod.local_endpoint import LocalEndpoint
from voices.clips.decoding import decode_clip
from voices.clips.preparation import prepare_clip
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.engine.preview.prosody import pitch_hz

pytestmark = pytest.mark.process

PITCHES = {"low": ("en-us", 10), "middle": ("en-us", 95), "high": ("en-us+f3", 80)}


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    """A registry with three voices that can be told apart by pitch, and a damaged one."""
    registry = VoiceRegistry.at(tmp_path_factory.mktemp("volume"))
    for voice_id, (language, pitch) in PITCHES.items():
        clip = decode_clip(speak_clip(language=language, pitch=pitch).to_flac())
        Publisher(registry).add(voice_id, prepare_clip(clip))
    registry.store.write("damaged/voice.json", b'{"schema_version": 1')
    return registry


@pytest.fixture(scope="module")
def endpoint(volume):
    env = {"ENGINE": "preview", "VOICES_DIR": str(volume.store.root), "MAX_TEXT_CHARACTERS": "4000"}
    with LocalEndpoint(env=env) as endpoint:
        endpoint.wait_until_ready()
        yield endpoint


@pytest.fixture
def client(endpoint):
    with SpeechClient(endpoint.url, timeout=60) as client:
        yield client


def _samples(audio: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(audio), dtype="float32")[0]


def _speaks(client) -> bool:
    return len(client.speak("Still here.", format="wav").read()) > 10_000


def test_a_job_becomes_streamed_speech_in_the_voice_of_the_clip(client, volume):
    speech = client.speak(PASSAGE, voice_id="high", format="wav")
    clip = volume.reference(volume.get("high"))
    samples = _samples(speech.read())
    assert len(samples) / 24_000 == pytest.approx(speech.end.audio_seconds, abs=0.001)
    assert speech.start.engine == "preview"
    assert speech.end.chunks > 5
    spoken = decode_clip(soundfile_bytes(samples))
    assert pitch_hz(spoken) == pytest.approx(pitch_hz(clip), rel=0.12)


def soundfile_bytes(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 24_000, format="WAV")
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["pcm", "wav", "mp3"])
@pytest.mark.parametrize("stream", [True, False])
def test_every_format_streamed_and_whole(client, name, stream):
    speech = client.speak(PASSAGE, format=name, stream=stream)
    audio = speech.read()
    assert (speech.end.chunks == 1) is not stream
    seconds = len(audio) / 48_000 if name == "pcm" else len(_samples(audio)) / 24_000
    assert seconds == pytest.approx(speech.end.audio_seconds, abs=0.1)


def test_the_aggregated_result_is_the_list_of_events(endpoint):
    answer = httpx.post(
        f"{endpoint.url}/runsync", json={"input": {"text": "Hello there."}}, timeout=60
    ).json()
    assert answer["status"] == "COMPLETED"
    assert [event["type"] for event in answer["output"]][:2] == ["start", "audio"]
    assert answer["output"][-1]["type"] == "end"


def test_many_jobs_at_once_never_cross_voices(client, volume):
    expected = {voice_id: pitch_hz(volume.reference(volume.get(voice_id))) for voice_id in PITCHES}
    jobs = [list(PITCHES)[number % 3] for number in range(24)]

    def measure(voice_id):
        audio = client.speak(PASSAGE, voice_id=voice_id, format="wav").read()
        return pitch_hz(decode_clip(soundfile_bytes(_samples(audio))))

    with ThreadPoolExecutor(len(jobs)) as pool:
        for voice_id, pitch in zip(jobs, pool.map(measure, jobs), strict=True):
            assert pitch == pytest.approx(expected[voice_id], rel=0.12)


BAD_INPUTS = [
    ({"text": ""}, "invalid_request", "text"),
    ({"text": " \n "}, "invalid_request", "text"),
    ({"text": "a" * 4001}, "text_too_long", "text"),
    ({}, "invalid_request", "text"),
    ({"text": "Hi", "tempo": 2}, "invalid_request", "tempo"),
    ({"text": ["Hi"]}, "invalid_request", "text"),
    ({"text": "Hi", "speed": "fast"}, "invalid_request", "speed"),
    ({"text": "Hi", "speed": 4.5}, "invalid_request", "speed"),
    ({"text": "Hi", "voice_id": "nobody"}, "unknown_voice", "voice_id"),
    ({"text": "Hi", "voice": "../../etc/passwd"}, "invalid_request", "voice_id"),
    ({"text": "Hi", "voice_id": "damaged"}, "voice_corrupt", "voice_id"),
    ({"text": "Hi", "format": "midi"}, "invalid_request", "format"),
    ({"text": "Hi", "language": "xx"}, "invalid_request", "language"),
    ({"text": "Hi", "action": "sing"}, "invalid_request", "action"),
    ({"text": PASSAGE * 20, "deadline_ms": 1}, "deadline_exceeded", "deadline_ms"),
]


@pytest.mark.parametrize(("job_input", "code", "field"), BAD_INPUTS)
def test_bad_input_gets_its_code_and_field_and_the_next_job_works(client, job_input, code, field):
    with pytest.raises(RequestFailed) as caught:
        client.run_action(job_input)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.message.endswith(".")
    assert "Traceback" not in str(caught.value)
    assert _speaks(client)


def test_a_voice_added_or_deleted_while_the_worker_runs_is_seen(client, volume, prepared):
    with pytest.raises(RequestFailed, match="no voice 'eve'"):
        client.speak("Hello.", voice_id="eve").read()
    Publisher(volume).add("eve", prepared)
    assert client.speak("Hello.", voice_id="eve").read()
    Publisher(volume).delete("eve")
    with pytest.raises(RequestFailed, match="no voice 'eve'"):
        client.speak("Hello.", voice_id="eve").read()


def test_actions_answer_through_the_queue(client):
    assert client.run_action({"action": "health"})["engine"] == "preview"
    voices = {voice["voice_id"]: voice for voice in client.run_action({"action": "list_voices"})["voices"]}
    assert set(voices) == {*PITCHES, "damaged"}
    assert voices["damaged"]["error"]["code"] == "voice_corrupt"
    assert client.run_action({"action": "prepare_voice", "voice_id": "low"})["type"] == "voice_prepared"


def test_leaving_early_cancels_the_job_and_frees_the_worker(client):
    with client.speak(PASSAGE * 20, format="wav") as speech:
        next(speech)
    deadline = time.monotonic() + 5
    while client.run_action({"action": "health"})["active_requests"] > 1:
        assert time.monotonic() < deadline
    assert _speaks(client)


def test_a_missing_checkpoint_answers_every_job_with_what_to_do(tmp_path):
    env = {"ENGINE": "chatterbox-turbo", "MODEL_DIR": str(tmp_path), "VOICES_DIR": str(tmp_path)}
    with LocalEndpoint(env=env) as endpoint, SpeechClient(endpoint.url, timeout=60) as client:
        endpoint.wait_until_ready()
        for _ in range(2):
            with pytest.raises(RequestFailed) as caught:
                client.speak("Hello.").read()
            assert caught.value.code == "engine_failure"
            assert "t3_turbo_v1.safetensors" in caught.value.message
            assert "MODEL_DIR is set, but it lacks" in caught.value.message
            assert str(tmp_path) not in caught.value.message


def _run_worker(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_a_queue_it_says_what_to_run():
    finished = _run_worker()
    assert finished.returncode == 1
    assert "python -m local_runpod" in finished.stderr


def test_a_setting_that_cannot_be_is_named(tmp_path):
    finished = _run_worker("--rp_serve_api", ENGINE="best", MAX_CONCURRENCY="0")
    assert finished.returncode == 1
    assert "ENGINE: " in finished.stderr
    assert "MAX_CONCURRENCY: " in finished.stderr


def test_the_sdks_own_local_server_speaks(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "worker", "--rp_serve_api", "--rp_api_port", str(port)]
    env = {**os.environ, "ENGINE": "preview", "VOICES_DIR": str(tmp_path)}
    worker = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        transport = httpx.HTTPTransport(retries=20)  # backs off, until the server listens
        with httpx.Client(transport=transport, timeout=60) as http:
            answer = http.post(f"http://127.0.0.1:{port}/runsync", json={"input": {"text": "Hello."}}).json()
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert [event["type"] for event in answer["output"]][-1] == "end"


class TestSay:
    def test_writes_a_file_in_the_format_of_its_name(self, tmp_path, volume):
        for name in ("a.mp3", "b.wav"):
            out = tmp_path / name
            said = _run_worker(
                "say", "Hello there.", "--voice", "low", "--out", str(out), "--json",
                "--voices-dir", str(volume.store.root), ENGINE="preview",
            )  # fmt: skip
            assert said.returncode == 0, said.stderr
            end = json.loads(said.stdout)["end"]
            assert soundfile.info(out).duration == pytest.approx(end["audio_seconds"], abs=0.1)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["say", "Hello.", "--voice", "nobody"], "no voice 'nobody'"),
            (["say", " "], "nothing to speak"),
            (["say", "Hello.", "--out", "x.midi"], "is not a supported audio format: use one of .wav"),
            (["say", "Hello.", "--engine", "best"], "ENGINE"),
        ],
    )
    def test_a_mistake_is_told_in_a_sentence_and_leaves_no_file(self, tmp_path, arguments, told):
        out = [] if "--out" in arguments else ["--out", str(tmp_path / "x.wav")]
        said = _run_worker(*arguments, *out, ENGINE="preview", VOICES_DIR=str(tmp_path))
        assert said.returncode == 1
        assert told in said.stderr
        assert "Traceback" not in said.stderr
        assert list(tmp_path.iterdir()) == []
