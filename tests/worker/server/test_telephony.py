"""A call's media stream, as Twilio's documentation describes it."""

import base64
import contextlib
import json
from contextlib import contextmanager, suppress

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.telemetry.logs import JsonFormatter

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


def _is_hung_up_after(socket, mark):
    socket.send(json.dumps({"event": "mark", "streamSid": SID, "mark": mark["mark"]}))
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=5)
    return caught.value.rcvd.code == 1000


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"text": "Goodbye.", "voice_id": "nobody"}, "unknown_voice"),
        ({"text": "Goodbye.", "voice_id": "bob"}, "voice_corrupt"),
        ({"text": "Goodbye.", "speed": "fast"}, "invalid_request"),
        ({"text": "Goodbye.", "speed": "NaN"}, "invalid_request"),
        ({"text": "..."}, "invalid_request"),
        ({"text": ""}, "invalid_request"),
        ({}, "invalid_request"),
        ({"text": "word " * 2000}, "text_too_long"),
    ],
)
def test_it_hangs_up_after_a_failure_too(site, parameters, code):
    with _call(site, then="hangup", **parameters) as socket:
        audio, mark = _heard(socket)
        assert audio == b""
        assert mark["mark"]["name"].endswith(f":{code}")
        assert _is_hung_up_after(socket, mark)


@pytest.mark.parametrize("then", ["Hangup", " hangup "])
def test_only_the_mark_of_the_last_word_ends_a_call(site, then):
    with _call(site, text="Goodbye.", then=then) as socket:
        _, mark = _heard(socket)
        for name in ("another", f"{mark['mark']['name']}x", "", None, 7):
            socket.send(json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": name}}))
        assert site.wait_until(lambda: _speak(site, text="Still here.").status_code == 202)
        _heard(socket)
        assert _is_hung_up_after(socket, mark)


@pytest.mark.parametrize("voice_id", ["123", "007", "1e5", "true", "null", "9" * 64])
def test_an_id_of_digits_is_an_id(voices_dir, prepared, voice_id):
    Publisher(VoiceRegistry.at(voices_dir)).add(voice_id, prepared, replace=True)
    with served(ScriptedEngine(), voices_dir) as site, _call(site, text="12", voice=voice_id) as socket:
        audio, mark = _heard(socket)
    assert audio
    assert ":" not in mark["mark"]["name"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"callerName": "Ann", "From": "+15551234567", "CallSid": "CA1", "direction": "inbound"},
        {"action": "greet", "format": "mp3", "sample_rate": "44100", "stream": "false", "then": "wait"},
        {"voice_id": "", "speed": " ", "seed": "", "language": None},
        {"language": "en", "resume": "a b", "deadline_ms": "60000"},
        {"caller": False, "n": 7, "": ""},
        {"speed": " 1.5 ", "normalize": "False", "seed": "7", "top_p": "0.5", "watermark": "TRUE"},
        {"order": "[" * 100_000, "\ud800": "\ud800", "note": "a\nb\0"},
        {"api_key": "unasked"},
    ],
)
def test_other_parameters_are_passed_over(site, parameters):
    with _call(site, text="Hello there.", **parameters) as socket:
        audio, mark = _heard(socket)
    assert audio
    assert ":" not in mark["mark"]["name"]


def test_other_parameters_are_logged_short_and_clean_and_no_secret_is(voices_dir, caplog):
    caplog.set_level("INFO")
    own = {
        "caller": "Ann\n\x1b[31m\ud800" + "x" * 300,
        "authToken": "s3cret",
        "api_key": "k3y",
        "text": "private",
    }
    many = {f"p{number}": "v" for number in range(40)}
    with served(ScriptedEngine(), voices_dir, log_level="INFO") as site, _call(site, **own, **many) as socket:
        _heard(socket)
    [line] = [record for record in caplog.records if record.getMessage() == "a media stream began"]
    logged = line.fields["parameters"]
    assert line.fields["stream_sid"] == SID
    assert len(logged) == 16
    assert logged["caller"].startswith("Ann  [31m xxx")
    assert len(logged["caller"]) < 80
    told = JsonFormatter().format(line)
    assert not any(secret in told for secret in ("s3cret", "k3y", "private"))


def test_a_stream_that_stops_before_it_starts_is_closed(site):
    for messages in (
        [{"event": "stop"}],
        [{"event": "start"}],
        [{"event": "start", "streamSid": "a/b", "start": {}}],
    ):
        with connect(f"{site.ws_url}/twilio/media", proxy=None) as socket:
            for message in messages:
                socket.send(json.dumps(message))
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)
    with connect(f"{site.ws_url}/twilio/media", proxy=None):
        pass
    assert site.wait_until(lambda: site.backend.open_sockets == 0)


def test_what_twilio_sends_meanwhile_does_not_disturb(site):
    with _call(site, text="Hello there.") as socket:
        for message in (
            {"event": "media", "streamSid": SID, "media": {"track": "inbound", "payload": "//8="}},
            {"event": "dtmf", "streamSid": SID, "dtmf": {"track": "inbound_track", "digit": "1"}},
            {"event": "mark", "streamSid": SID},
            {"event": "connected"},
            {"event": "somethingNew"},
        ):
            socket.send(json.dumps(message))
        assert _heard(socket)[0]


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


@pytest.mark.parametrize("key", ["\ud800", "\xe9", "\0", "", "x" * 90_000])
def test_a_key_may_be_any_text_and_is_no_mistake_of_the_servers(voices_dir, caplog, key):
    with served(ScriptedEngine(), voices_dir, api_key="s3cret") as site, _call(site, api_key=key) as socket:
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
        assert caught.value.rcvd.code == 1008
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


@pytest.mark.parametrize("depth", [1, 500, 900, 930, 960, 5_000])
@pytest.mark.parametrize("name", ["caller", "text", "speed", "api_key"])
def test_a_parameter_that_is_no_text_is_refused_and_the_stream_can_begin_anew(site, caplog, depth, name):
    nested = "[" * depth + "]" * depth
    start = (
        f'{{"event": "start", "start": {{"streamSid": "{SID}", "customParameters": {{"{name}": {nested}}}}}}}'
    )
    with connect(f"{site.ws_url}/twilio/media", proxy=None) as socket:
        socket.send(start)
        with suppress(ConnectionClosed):  # by then it may have ended already
            socket.send(json.dumps({"event": "stop"}))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
        assert caught.value.rcvd.code == 1008
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
    with _call(site, text="Hello.") as socket:
        assert _heard(socket)[0]


def test_what_is_wrong_with_a_request_into_a_call_is_answered_at_once(slow_site):
    with _call(slow_site, text="word " * 900) as socket:
        assert json.loads(socket.recv(timeout=5))["event"] == "media"
        for body, field in (
            ({"text": "word " * 2_000}, "text"),
            ({"text": "Hi.", "tempo": 2}, "tempo"),
            ({}, "text"),
        ):
            refused = _speak(slow_site, **body)
            assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)


def test_junk_is_logged_once_and_ends_the_socket(voices_dir, caplog):
    caplog.set_level("INFO")
    with served(ScriptedEngine(), voices_dir, api_key="s3cret", log_level="INFO") as site:
        for number in range(30):
            junk = ("{", "{}")[number % 2]
            with (
                connect(f"{site.ws_url}/twilio/media", proxy=None) as socket,
                contextlib.suppress(ConnectionClosed),
            ):
                for _ in range(100):
                    socket.send(junk)
                socket.recv(timeout=5)
                raise AssertionError("it stays open")
        assert site.wait_until(lambda: site.backend.open_sockets == 0)
    lines = [each for each in caplog.records if "not an event" in each.getMessage()]
    assert 0 < len(lines) <= 10
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


def test_nonsense_does_not_end_a_call(site):
    with _call(site) as socket:
        for nonsense in ("{", "[]", '{"event": 7}', '{"event": "mark", "mark": 3}', b"\xff"):
            socket.send(nonsense)
        assert site.wait_until(lambda: _speak(site, text="Still here.").status_code == 202)
        assert _heard(socket)[0]
