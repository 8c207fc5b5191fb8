"""Text in pieces uses the same pipeline as a whole text, with the same result."""

import hashlib
import json
import time
from contextlib import contextmanager

import numpy as np
import pytest
from scripted_engine import Mark, ScriptedEngine
from served import served
from websockets.sync.client import connect

from worker.engine.base import SpeechBlock

PARAGRAPHS = ["The first one is loud.", "Then comes the second one.", "A third one follows.", "And the last."]
TEXT = "\n\n".join(PARAGRAPHS)


class UnevenEngine(ScriptedEngine):
    """Speaks noise that only its seed decides, and each text chunk at a level of its own."""

    def stream(self, text, conditionals, options, delivery):
        level = 0.02 + 0.3 * (len(text) % 5) / 5
        for order, block in enumerate(super().stream(text, conditionals, options, delivery)):
            noise = np.random.default_rng([options.seed, order]).standard_normal(len(block.samples))
            yield SpeechBlock((level * noise).astype(np.float32), block.speech_tokens)


@contextmanager
def _socket(site):
    with connect(f"{site.ws_url}/tts/stream", proxy=None) as socket:
        yield socket


@pytest.fixture
def site(voices_dir):
    with served(UnevenEngine(silence_s=(0.1, 0.2)), voices_dir) as site:
        yield site


def _say(socket, **message):
    socket.send(json.dumps(message))


def _heard(socket):
    """All events of one answer, and its audio."""
    events, audio = [], b""
    while not events or events[-1]["type"] not in {"end", "error"}:
        if isinstance(message := socket.recv(timeout=20), bytes):
            audio += message
        else:
            events.append(json.loads(message))
    return events, audio


def _spoken(socket, **fields):
    _say(socket, type="speak", text=TEXT, events=True, seed=7, **fields)
    return _heard(socket)


def _fed(socket, pieces, **fields):
    _say(socket, type="open", events=True, seed=7, **fields)
    for piece in pieces:
        _say(socket, type="text", text=piece)
    _say(socket, type="close")
    return _heard(socket)


def _spans(events):
    return [span for event in events if event["type"] == "audio" for span in event.get("text", [])]


@pytest.mark.parametrize("length", [1, 5, 23, len(TEXT)])
def test_the_same_text_chunks_are_the_same_samples(site, length):
    """Their level, the pauses between them, their seeds and their places: a paragraph is a text chunk."""
    pieces = [TEXT[start : start + length] for start in range(0, len(TEXT), length)]
    with _socket(site) as socket:
        spoken, whole = _spoken(socket, format="pcm")
        fed, joined = _fed(socket, pieces, format="pcm")
    assert whole == joined
    assert _spans(spoken) == _spans(fed)
    assert spoken[-1]["sha256"] == fed[-1]["sha256"]


@pytest.mark.parametrize("name", ["mp3", "wav", "ulaw"])
def test_it_is_one_answer_in_every_format(site, name):
    with _socket(site) as socket:
        _say(socket, type="open", format=name, events=True, seed=7)
        for paragraph in PARAGRAPHS:
            _say(socket, type="text", text=f"{paragraph}\n\n")
            time.sleep(0.1)
        _say(socket, type="close")
        events, audio = _heard(socket)
    audible = [event for event in events if event["type"] == "audio"]
    assert [event["index"] for event in audible] == list(range(events[-1]["chunks"]))
    assert events[-1]["sha256"] == hashlib.sha256(audio).hexdigest()
    offsets = np.cumsum([0, *(event["seconds"] for event in audible)])
    assert [event["offset_s"] for event in audible] == pytest.approx(list(offsets[:-1]), abs=1e-4)
    assert events[-1]["audio_seconds"] == pytest.approx(offsets[-1], abs=1e-4)
    assert [TEXT[span["start"] : span["end"]].strip() for span in _spans(events)] == PARAGRAPHS


def test_text_that_came_late_is_joined_by_the_pause_that_it_would_have_had(voices_dir):
    with served(ScriptedEngine(), voices_dir) as site, _socket(site) as socket:
        _say(socket, type="open", format="pcm")
        _say(socket, type="text", text="It is one. And two")
        time.sleep(0.5)
        _say(socket, type="text", text=" it is.")
        _say(socket, type="close")
        _, audio = _heard(socket)
    samples = np.abs(np.frombuffer(audio, "<i2").astype(float))
    speech = (len("It is one.") + len("And two it is.")) * 240
    assert len(samples) == speech + 0.30 * 24_000
    assert samples[2_420:9_580].max() == 0


def test_nothing_is_held_back_while_text_is_waited_for(voices_dir):
    with served(ScriptedEngine(watermarks=True), voices_dir) as site, _socket(site) as socket:
        _say(socket, type="open", format="pcm", sample_rate=16_000, speed=1.25, text="All of it is heard now")
        _say(socket, type="flush")
        audio = b""
        deadline = time.monotonic() + 10
        while (
            len(audio) < 32_000 * 0.01 * len("All of it is heard now") / 1.25 and time.monotonic() < deadline
        ):
            if isinstance(message := socket.recv(timeout=10), bytes):
                audio += message
        _say(socket, type="close")
        end = _heard(socket)[0][-1]
    assert end["type"] == "end"
    assert np.abs(np.frombuffer(audio, "<i2")[1000:5000] / 2**15 - Mark.LIFT).max() > 0.1


def test_what_is_skipped_is_told_while_text_is_waited_for(site):
    with _socket(site) as socket:
        _say(socket, type="open", format="pcm", seed=7, text="Hello there.")
        _say(socket, type="flush")
        while not isinstance(socket.recv(timeout=10), bytes):
            pass
        _say(socket, type="text", text="\U0001f600")
        _say(socket, type="flush")
        while isinstance(message := socket.recv(timeout=10), bytes):
            pass
        assert json.loads(message) == {
            "type": "skipped",
            "start": 12,
            "end": 13,
            "reason": "nothing_to_speak",
        }


class TestWhileTextIsWaitedFor:
    def _waiting(self, site, socket, **fields):
        _say(socket, type="open", format="pcm", seed=7, text="Hello there.", **fields)
        _say(socket, type="flush")
        while not isinstance(socket.recv(timeout=10), bytes):
            pass
        assert site.wait_until(lambda: site.active == 0, 5)

    def test_the_request_takes_no_place_and_the_engine_is_not_taken_for_stuck(self, voices_dir):
        limits = {"max_concurrency": 1, "max_waiting": 0, "engine_timeout_s": 1.0, "stall_timeout_s": 1.0}
        with served(UnevenEngine(), voices_dir, **limits) as site:
            with _socket(site) as socket, _socket(site) as other:
                self._waiting(site, socket)
                time.sleep(2.5)
                assert _spoken(other, format="pcm")[0][-1]["type"] == "end"
                _say(socket, type="text", text=" And goodbye.")
                _say(socket, type="close")
                end = _heard(socket)[0][-1]
            assert end["type"] == "end"
            assert end["metrics"]["underruns"] == 0
            assert end["metrics"]["stalled_ms"] < 1000
            assert end["metrics"]["rtf"] < 1
            assert site.backend.failure is None

    def test_its_deadline_holds(self, site):
        with _socket(site) as socket:
            self._waiting(site, socket, deadline_ms=1_500)
            began = time.monotonic()
            events, _ = _heard(socket)
            assert time.monotonic() - began < 3
        assert events[-1]["error"]["code"] == "deadline_exceeded"

    def test_its_client_may_leave(self, site):
        with _socket(site) as socket:
            self._waiting(site, socket)
        assert site.wait_until(lambda: not site.backend._service._threads._work, 1)

    def test_it_may_be_cancelled(self, site):
        with _socket(site) as socket:
            self._waiting(site, socket)
            _say(socket, type="cancel")
            while isinstance(message := socket.recv(timeout=5), bytes):
                pass
            assert json.loads(message)["type"] == "cancelled"
            assert _spoken(socket, format="pcm")[0][-1]["type"] == "end"

    def test_the_server_may_end(self, site):
        with _socket(site) as socket:
            self._waiting(site, socket)
            site.tell_to_end()
            assert site.wait_until(lambda: site.has_ended, 5)
