"""A call's media stream, as Twilio's documents have it."""

import base64
import json
from contextlib import contextmanager

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SID = "MZ18ad3ab5a668481ce02b83e7395059f0"


@contextmanager
def _call(site, sid=SID, **parameters):
    """Dial in as Twilio does."""
    with connect(f"{site.ws_url}/twilio/media", proxy=None) as socket:
        socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": "AC1",
            "streamSid": sid,
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        }
        socket.send(json.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": sid}))
        yield socket


def _heard(socket):
    """The audio up to the next mark, and the mark."""
    audio = b""
    while (message := json.loads(socket.recv(timeout=10)))["event"] == "media":
        assert message["streamSid"] == SID
        audio += base64.b64decode(message["media"]["payload"], validate=True)
    return audio, message


def _speak(site, sid=SID, **body):
    return httpx.post(f"{site.url}/twilio/streams/{sid}/speak", json=body, timeout=10)


def test_a_call_is_greeted_by_its_parameters_in_8_khz_mu_law_and_a_mark(site):
    with _call(site, text="Welcome to the line.", voice_id="anna", speed="2.0") as socket:
        audio, mark = _heard(socket)
        assert len(audio) % 160 == 0
        assert len(audio) / 8_000 == pytest.approx(len("Welcome to the line.") * 0.01 / 2, abs=0.05)
        assert mark["event"] == "mark"


def test_an_application_speaks_into_a_call_and_its_marks_tell_the_answers_apart(site):
    with _call(site) as socket:
        assert site.wait_until(lambda: _speak(site, text="First answer.").status_code == 202)
        second = _speak(site, text="The second answer is longer.", voice_id="anna").json()["mark"]
        first_audio, first_mark = _heard(socket)
        second_audio, second_mark = _heard(socket)
    assert 0 < len(first_audio) < len(second_audio)
    assert second_mark["mark"]["name"] == second != first_mark["mark"]["name"]
    assert site.wait_until(lambda: _speak(site, text="Anyone?").status_code == 404)


def test_clear_silences_what_is_spoken_and_what_twilio_holds(slow_site):
    with _call(slow_site, text="word " * 900) as socket:
        assert json.loads(socket.recv(timeout=5))["event"] == "media"
        waiting = _speak(slow_site, text="Never to be heard.").json()["mark"]
        cleared = httpx.post(f"{slow_site.url}/twilio/streams/{SID}/clear").json()["cancelled"]
        assert cleared[1:] == [waiting]
        assert slow_site.wait_until(lambda: slow_site.active == 0, 1)
        while (message := json.loads(socket.recv(timeout=5)))["event"] == "media":
            pass
        assert message == {"event": "clear", "streamSid": SID}
        _speak(slow_site, text="Go on.")
        audio, mark = _heard(socket)
        assert audio
        assert mark["event"] == "mark"


def test_what_cannot_be_spoken_is_told_by_its_mark(site):
    with _call(site, text="Hello.", voice_id="nobody") as socket:
        audio, mark = _heard(socket)
    assert audio == b""
    assert mark["mark"]["name"].endswith(":unknown_voice")


def test_it_hangs_up_once_the_last_word_was_heard(site):
    with _call(site, text="Goodbye.", then="hangup") as socket:
        _, mark = _heard(socket)
        socket.send(json.dumps({"event": "mark", "streamSid": SID, "mark": mark["mark"]}))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)


def test_the_end_of_a_call_frees_its_slot(slow_site):
    with _call(slow_site, text="word " * 900) as socket:
        socket.recv(timeout=5)
        socket.send(json.dumps({"event": "stop", "streamSid": SID, "stop": {}}))
        assert slow_site.wait_until(lambda: slow_site.active == 0, 1)


def test_the_key_comes_as_a_parameter(voices_dir):
    with served(ScriptedEngine(), voices_dir, api_key="s3cret") as site:
        for parameters in ({}, {"api_key": "wrong"}):
            with (
                _call(site, text="Hello.", **parameters) as socket,
                pytest.raises(ConnectionClosed) as caught,
            ):
                socket.recv(timeout=5)
            assert caught.value.rcvd.code == 1008
        with _call(site, text="Hello.", api_key="s3cret") as socket:
            assert _heard(socket)[0]


def test_nonsense_does_not_end_a_call(site):
    with _call(site) as socket:
        for nonsense in ("{", "[]", '{"event": 7}', '{"event": "mark", "mark": 3}', b"\xff"):
            socket.send(nonsense)
        assert site.wait_until(lambda: _speak(site, text="Still here.").status_code == 202)
        assert _heard(socket)[0]
