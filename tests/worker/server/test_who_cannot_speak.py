"""A server that is loading, failed, shutting down or full: refusals of speech, and its reported state."""

import json
import threading
from contextlib import contextmanager

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served
from websockets.sync.client import connect

from worker.errors import EngineFailure

LONG = "word " * 900


def _failing():
    raise EngineFailure("The GPU has no memory left.")


@contextmanager
def _loading(voices_dir):
    gate = threading.Event()

    def load():
        gate.wait()
        return ScriptedEngine()

    with served(load, voices_dir, wait=False) as site:
        yield site
        gate.set()


def _tells(socket):
    while isinstance(message := socket.recv(timeout=10), bytes):
        pass
    return json.loads(message)


def _refusals(site):
    """The codes with which the engine's name, a speech and an open text are refused."""
    models = httpx.get(f"{site.url}/v1/models")
    speech = httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."})
    with connect(f"{site.ws_url}/tts/stream", proxy=None) as socket:
        socket.send(json.dumps({"type": "open"}))
        opened = _tells(socket)
    assert models.status_code == speech.status_code
    return {each["error"]["code"] for each in (models.json(), speech.json(), opened)}


def test_while_it_loads(voices_dir):
    with _loading(voices_dir) as site:
        assert _refusals(site) == {"loading"}


def test_after_a_start_that_failed(voices_dir):
    with served(_failing, voices_dir) as site:
        for _ in range(3):
            assert _refusals(site) == {"engine_failure"}


def test_while_it_ends(voices_dir):
    engine = ScriptedEngine(block_delay_s=0.05)
    with (
        served(engine, voices_dir, shutdown_grace_s=20) as site,
        connect(f"{site.ws_url}/tts/stream", proxy=None) as busy,
        connect(f"{site.ws_url}/tts/stream", proxy=None) as socket,
    ):
        busy.send(json.dumps({"text": LONG, "format": "pcm"}))
        assert _tells(busy)["type"] == "start"
        site.tell_to_end()
        assert site.wait_until(lambda: site.backend.is_ending)
        assert httpx.get(f"{site.url}/v1/models").json()["error"]["code"] == "shutting_down"
        socket.send(json.dumps({"type": "open"}))
        assert _tells(socket)["error"]["code"] == "shutting_down"


def test_the_engines_name_takes_no_place_and_looks_at_no_directory(voices_dir, monkeypatch):
    engine = ScriptedEngine(block_delay_s=0.05)
    with (
        served(engine, voices_dir, max_concurrency=1, max_waiting=0) as site,
        connect(f"{site.ws_url}/tts/stream", proxy=None) as busy,
    ):
        monkeypatch.setattr(type(site.backend.library), "ids", lambda _: pytest.fail("scanned"))
        busy.send(json.dumps({"text": LONG, "format": "pcm"}))
        assert _tells(busy)["type"] == "start"
        answer = httpx.get(f"{site.url}/v1/models/scripted")
        assert (answer.status_code, answer.json()["id"]) == (200, "scripted")
        refused = httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."})
        assert refused.json()["error"]["code"] == "overloaded"
