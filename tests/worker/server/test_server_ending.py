"""Shutdown and a stuck engine: requests in progress finish, or end with an error."""

import json
import threading
import time

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served
from websockets.sync.client import connect

SHORT = "word " * 20  # 1 s of audio, in 1 s
LONG = "word " * 900


class StickingEngine(ScriptedEngine):
    """Stops for good after the first block."""

    def stream(self, text, conditionals, options, delivery):
        for block in super().stream(text, conditionals, options, delivery):
            yield block
            with self.pulse.beat():
                threading.Event().wait()


def _tells(client):
    """Return the next message that is no audio."""
    while isinstance(message := client.recv(), bytes):
        pass
    return json.loads(message)


def _asked(site, client, text):
    client.send(json.dumps({"text": text, "format": "pcm"}))
    assert _tells(client)["type"] == "start"
    assert site.wait_until(lambda: site.active > 0)


@pytest.fixture
def engine():
    return ScriptedEngine(block_delay_s=0.05)


def test_a_socket_is_heard_out_and_newcomers_are_sent_elsewhere(engine, voices_dir):
    with served(engine, voices_dir, shutdown_grace_s=10) as site:
        with connect(f"{site.ws_url}/tts/stream", proxy=None) as client:
            _asked(site, client, SHORT)
            site.tell_to_end()
            time.sleep(0.2)
            refused = httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."})
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "1"
            assert refused.json()["error"]["code"] == "shutting_down"
            assert _tells(client)["type"] == "end"
        assert site.wait_until(lambda: site.has_ended, 5)


def test_beyond_the_grace_everybody_is_told(engine, voices_dir):
    with served(engine, voices_dir, shutdown_grace_s=0.5) as site:
        body, headers = {"text": LONG, "format": "pcm"}, {"Accept": "application/x-ndjson"}
        with (
            connect(f"{site.ws_url}/tts/stream", proxy=None) as client,
            httpx.stream("POST", f"{site.url}/tts/generate", json=body, headers=headers) as answer,
        ):
            _asked(site, client, LONG)
            site.tell_to_end()
            *_, last = answer.iter_lines()
            assert json.loads(last)["error"]["code"] == "shutting_down"
            assert _tells(client)["error"]["code"] == "shutting_down"
        assert site.wait_until(lambda: site.has_ended, 5)


def test_with_nothing_to_do_it_ends_at_once(engine, voices_dir):
    with served(engine, voices_dir) as site:
        site.tell_to_end()
        assert site.wait_until(lambda: site.has_ended, 2)


def test_while_it_loads_it_ends_at_once_too(voices_dir):
    gate = threading.Event()

    def load():
        gate.wait()
        return ScriptedEngine()

    with served(load, voices_dir, wait=False) as site:
        site.tell_to_end()
        assert site.wait_until(lambda: site.has_ended, 2)
    gate.set()


def test_a_stuck_engine_ends_it(voices_dir):
    with served(StickingEngine(), voices_dir, engine_timeout_s=0.3) as site:
        answer = httpx.post(f"{site.url}/tts/generate", json={"text": SHORT, "stream": False}, timeout=20)
        assert answer.status_code == 500
        assert "being replaced" in answer.json()["error"]["message"]
        assert answer.headers["Retry-After"] == "10"
        assert site.wait_until(lambda: site.has_ended, 5)
