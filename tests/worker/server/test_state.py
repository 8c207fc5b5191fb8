"""The server's state, from loading the engine to shutdown."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from scripted_engine import ScriptedEngine
from served import audio_of, served

from worker.errors import CheckpointMissing

pytestmark = pytest.mark.process


def test_it_answers_while_the_engine_is_loaded(voices_dir):
    gate = threading.Event()

    def load():
        gate.wait(20)
        return ScriptedEngine()

    with served(load, voices_dir, wait=False) as site:
        ping = httpx.get(f"{site.url}/ping")
        assert (ping.status_code, ping.content) == (204, b"")
        assert httpx.get(f"{site.url}/health").json()["status"] == "loading"
        early = httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."})
        assert (early.status_code, early.json()["error"]["code"]) == (503, "loading")
        assert "retry-after" in early.headers
        gate.set()
        assert site.wait_until(lambda: httpx.get(f"{site.url}/ping").status_code == 200)
        assert audio_of(site, text="Hello.")


def test_an_engine_that_cannot_be_loaded_says_why_and_is_not_healthy(voices_dir):
    def load():
        raise CheckpointMissing("There are no weights at /models.")

    with served(load, voices_dir) as site:
        assert httpx.get(f"{site.url}/ping").status_code == 500
        health = httpx.get(f"{site.url}/health").json()
        assert (health["status"], health["error"]["message"]) == (
            "failed",
            "There are no weights at /models.",
        )
        answer = httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "engine_failure")


def test_health_counts(site):
    health = httpx.get(f"{site.url}/health").json()
    assert (health["status"], health["engine"], health["voices"]) == ("ready", "scripted", 2)
    assert health["active_requests"] == 0


def test_metrics_are_prometheus_own_and_count(voices_dir):
    def read():
        text = httpx.get(f"{site.url}/metrics").text
        families = text_string_to_metric_families(text)
        return {
            (each.name, *each.labels.values()): each.value for family in families for each in family.samples
        }

    with served(ScriptedEngine(), voices_dir) as site:
        audio_of(site, text="word " * 40, voice_id="anna")
        httpx.post(f"{site.url}/tts/generate", json={"text": "Hello.", "voice_id": "nobody"})
        metrics = read()
    assert metrics["chatterpod_ready",] == 1
    assert metrics["chatterpod_requests_total", "speak", "tts", "ok"] == 1
    assert metrics["chatterpod_requests_total", "speak", "tts", "unknown_voice"] == 1
    assert metrics["chatterpod_audio_seconds_total",] == pytest.approx(2, abs=0.1)
    assert metrics["chatterpod_first_audio_seconds_count",] == 1
    assert metrics["chatterpod_real_time_factor_count",] == 1
    assert metrics["chatterpod_voice_cache_total", "computed"] == 1
    assert metrics["chatterpod_active_requests",] == 0
    assert metrics["process_resident_memory_bytes",] > 0


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def process(tmp_path):
    """The real command, in a process of its own, on two ports."""
    port, health = _free_port(), _free_port()
    env = {**os.environ, "ENGINE": "preview", "VOICES_DIR": str(tmp_path), "PORT": str(port)}
    env |= {"PORT_HEALTH": str(health), "API_KEY": "s3cret-key"}
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "serve"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{health}/ping").status_code == 200:
                break
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    yield process, port
    process.kill()
    process.wait()
    process.stdout.close()


def test_told_to_end_it_finishes_what_it_speaks_and_takes_no_more(process):
    worker, port = process
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": "Bearer s3cret-key"}
    body = {"text": "The kettle was already singing. " * 100, "format": "wav"}
    whole = httpx.post(f"{url}/tts/generate", json=body, headers=headers, timeout=60).content
    with httpx.stream("POST", f"{url}/tts/generate", json=body, headers=headers, timeout=60) as answer:
        blocks = answer.iter_raw()
        heard = next(blocks)
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert httpx.get(f"{url}/ping").status_code == 503, "the load balancer sends nothing more"
        refused = httpx.post(f"{url}/tts/generate", json={"text": "Hello."}, headers=headers)
        assert refused.json()["error"]["code"] == "shutting_down"
        heard += b"".join(blocks)
    assert len(heard) == pytest.approx(len(whole), rel=0.01)
    assert len(heard) > 5_000_000, "more than any buffer on the way holds"
    assert worker.wait(20) in {0, -signal.SIGTERM}
    log = worker.stdout.read().decode()
    assert f"listening on {url}" in log
    assert "s3cret" not in log
    assert "Traceback" not in log


def test_settings_and_ports_that_cannot_be_are_told_in_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for env, told in (
            ({"PORT": "many"}, "PORT: "),
            ({"VOICE_ALIASES": "alloy"}, "VOICE_ALIASES: "),
            (
                {"PORT": str(port)},
                f"127.0.0.1:{port}: Address already in use. Choose another address with --port",
            ),
            ({"PORT": "0", "PORT_HEALTH": str(port)}, "Set PORT_HEALTH"),
            ({"PORT": "0", "METRICS_PORT": str(port)}, "Set METRICS_PORT"),
        ):
            finished = subprocess.run(
                [sys.executable, "-m", "worker", "serve"],
                env={**os.environ, "VOICES_DIR": str(tmp_path), "ENGINE": "preview", **env},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert finished.returncode == 1
            assert told in finished.stderr
            assert "Traceback" not in finished.stderr
