"""The queue worker's process, as who runs it sees it: its log's lines, and its counters at a port."""

import json
import socket

import httpx
import pytest

from chatterpod import RequestFailed, SpeechClient
from local_runpod.local_endpoint import LocalEndpoint

pytestmark = pytest.mark.process


@pytest.fixture
def metrics_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_each_job_has_a_line_and_is_counted(tmp_path, metrics_port):
    env = {"ENGINE": "preview", "VOICES_DIR": str(tmp_path), "METRICS_PORT": str(metrics_port)}
    with LocalEndpoint(env=env) as endpoint, SpeechClient(endpoint.url, timeout=60) as client:
        endpoint.wait_until_ready()
        spoken = client.speak("Hello there.", format="wav")
        spoken.read()
        with pytest.raises(RequestFailed):
            client.speak("Hello there.", voice_id="nobody").read()
        health = client.run_action({"action": "health"})
        counted = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
        lines = [json.loads(line) for line in endpoint.worker_log().splitlines() if line.startswith("{")]
    told = [line for line in lines if line.get("logger") == "worker.requests"]
    assert [(line["interface"], line["outcome"]) for line in told] == [
        ("queue", "ok"),
        ("queue", "unknown_voice"),
    ]
    assert told[0]["request_id"] == spoken.start.request_id
    assert 'chatterpod_requests_total{action="speak",interface="queue",outcome="ok"} 1.0' in counted
    assert (
        'chatterpod_requests_total{action="speak",interface="queue",outcome="unknown_voice"} 1.0' in counted
    )
    assert "chatterpod_ready 1.0" in counted
    assert (health["active_requests"], health["engine_load"], health["device_memory"]) == (1, None, None)
