"""The speech socket, with the ``websockets`` client."""

import base64
import hashlib
import json
import time
from contextlib import contextmanager

import numpy as np
import pytest
from scripted_engine import ScriptedEngine
from served import served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from voices.clips.decoding import decode_clip

TEXT = "word " * 40
LONG = "word " * 900


@contextmanager
def _socket(site, **options):
    with connect(f"{site.ws_url}/tts/stream", proxy=None, **options) as socket:
        yield socket


def _say(socket, **message):
    socket.send(json.dumps(message))


def _hear(socket):
    """One answer: its start or error, its audio, its end."""
    first = json.loads(socket.recv(timeout=10))
    audio = b""
    if first["type"] != "start":
        return first, audio, None
    while isinstance(message := socket.recv(timeout=10), bytes):
        audio += message
    return first, audio, json.loads(message)


def test_a_request_is_answered_by_start_binary_audio_and_end(site):
    with _socket(site) as socket:
        _say(socket, text=TEXT, voice_id="anna", format="pcm", request_id="r-1")
        start, audio, end = _hear(socket)
    assert (start["type"], start["request_id"], start["voice_id"]) == ("start", "r-1", "anna")
    assert len(audio) / 48_000 == pytest.approx(end["audio_seconds"], abs=0.001)
    assert end["sha256"] == hashlib.sha256(audio).hexdigest()


def test_several_requests_on_one_connection_are_answered_in_order(site):
    with _socket(site) as socket:
        for number in range(5):
            _say(socket, type="speak", text="word " * (number + 1), format="pcm", request_id=f"r{number}")
        answers = [_hear(socket) for _ in range(5)]
    assert [start["request_id"] for start, _, _ in answers] == [f"r{number}" for number in range(5)]
    lengths = [len(audio) for _, audio, _ in answers]
    assert lengths == sorted(set(lengths))


def test_events_describe_the_frames_where_they_are_asked_for(site):
    with _socket(site) as socket:
        _say(socket, text=TEXT, format="pcm", events=True)
        socket.recv()
        described, offset = [], 0.0
        while (event := json.loads(socket.recv()))["type"] == "audio":
            frame = socket.recv()
            assert event["offset_s"] == pytest.approx(offset, abs=1e-5)
            assert event["seconds"] == pytest.approx(len(frame) / 48_000, abs=1e-5)
            offset += event["seconds"]
            described.append(event["index"])
    assert described == list(range(event["chunks"]))


class TestPieces:
    def test_a_sentence_is_spoken_before_the_text_is_complete(self, site):
        with _socket(site) as socket:
            _say(socket, type="open", format="pcm", voice_id="anna", request_id="chat")
            for piece in ("It is ", "three o'cl", "ock. Dr", ". Smi"):
                _say(socket, type="text", text=piece)
            assert json.loads(socket.recv(timeout=5))["request_id"] == "chat"
            first = socket.recv(timeout=5)
            assert isinstance(first, bytes)
            _say(socket, type="text", text="th is here.")
            _say(socket, type="close")
            audio = first
            while isinstance(message := socket.recv(timeout=5), bytes):
                audio += message
        end = json.loads(message)
        assert end["type"] == "end"
        assert end["sha256"] == hashlib.sha256(audio).hexdigest()
        assert len(audio) / 48_000 == pytest.approx(end["audio_seconds"], abs=0.01)

    def test_sentences_are_never_cut_at_an_abbreviation(self, voices_dir):
        engine = ScriptedEngine()
        with served(engine, voices_dir) as site, _socket(site) as socket:
            _say(socket, type="open", format="pcm", text="It is three. Dr")
            for piece in (".", " ", "Smith", " came", ". Then he", " left"):
                _say(socket, type="text", text=piece)
                time.sleep(0.02)
            _say(socket, type="close")
            _hear(socket)
        assert [text for text, _ in engine.asked] == ["It is three.", "Doctor Smith came.", "Then he left."]

    @pytest.mark.parametrize("name", ["wav", "mp3", "opus", "flac", "ulaw"])
    def test_all_pieces_are_one_file(self, site, name):
        with _socket(site) as socket:
            _say(socket, type="open", format=name)
            for number in range(5):
                _say(socket, type="text", text=f"This is sentence {'abcde'[number]}. ")
                time.sleep(0.02)
            _say(socket, type="close")
            start, audio, end = _hear(socket)
        assert start["format"] == name
        if name == "ulaw":
            assert len(audio) % 160 == 0
            seconds = len(audio) / 8_000
        else:
            seconds = decode_clip(audio).seconds
        assert seconds == pytest.approx(end["audio_seconds"], abs=0.13)

    def test_flush_speaks_what_is_there(self, site):
        with _socket(site) as socket:
            _say(socket, type="open", format="pcm", text="And so I")
            _say(socket, type="flush")
            assert json.loads(socket.recv(timeout=5))["type"] == "start"
            assert isinstance(socket.recv(timeout=5), bytes)

    def test_text_that_says_nothing_is_an_error_at_its_end(self, site):
        with _socket(site) as socket:
            _say(socket, type="open", format="pcm", text="... \n")
            _say(socket, type="close")
            error, _, _ = _hear(socket)
            assert (error["error"]["code"], error["error"]["field"]) == ("invalid_request", "text")
            _say(socket, text="Hello.", format="pcm")
            assert _hear(socket)[2]["type"] == "end"


class TestCancel:
    def test_ends_what_is_spoken_and_what_waits_and_nothing_comes_after_it(self, slow_site):
        with _socket(slow_site) as socket:
            _say(socket, text=LONG, format="pcm", request_id="first")
            _say(socket, text=LONG, format="pcm", request_id="second")
            socket.recv()
            assert isinstance(socket.recv(), bytes)
            began = time.perf_counter()
            _say(socket, type="cancel")
            while isinstance(message := socket.recv(timeout=5), bytes):
                pass
            assert time.perf_counter() - began < 3  # their speech goes on for much longer
            assert json.loads(message) == {"type": "cancelled", "request_ids": ["first", "second"]}
            assert slow_site.wait_until(lambda: slow_site.active == 0, 1)
            _say(socket, text="Hi.", format="pcm", request_id="third")
            start, _, end = _hear(socket)
        assert start["request_id"] == "third"
        assert end["type"] == "end"

    def test_with_nothing_to_cancel_says_so(self, site):
        with _socket(site) as socket:
            _say(socket, type="cancel")
            assert json.loads(socket.recv()) == {"type": "cancelled", "request_ids": []}

    def test_ends_a_request_that_is_still_open(self, site):
        with _socket(site) as socket:
            _say(socket, type="open", format="pcm", request_id="chat")
            _say(socket, type="cancel")
            assert json.loads(socket.recv())["request_ids"] == ["chat"]
            _say(socket, type="text", text="Hello?")
            assert json.loads(socket.recv())["error"]["field"] == "type"


BAD_MESSAGES = [
    ("{", "body"),
    ("[1]", "body"),
    (b"\xff\xfe", "body"),
    ("[" * 100_000, "body"),
    ('{"type": "sing"}', "type"),
    ('{"type": "text", "text": "Hello"}', "type"),
    ('{"type": "close"}', "type"),
    ('{"text": 7}', "text"),
    ("{}", "text"),
    ('{"text": "\\ud800"}', "text"),
    ('{"text": "Hi", "\\ud800": 1}', "input"),
    ('{"text": "Hi", "voice_id": "nobody"}', "voice_id"),
    ('{"text": "Hi", "speed": 1e999}', "speed"),
    ('{"text": "Hi", "tempo": 2}', "tempo"),
    ('{"text": "Hi", "action": "health"}', "action"),
    ('{"type": "open", "format": "midi"}', "format"),
    ('{"type": "open", "sample_rate": "x"}', "sample_rate"),
]


@pytest.mark.parametrize(("message", "field"), BAD_MESSAGES)
def test_a_bad_message_is_told_and_the_connection_stays(site, message, field):
    with _socket(site) as socket:
        socket.send(message)
        told = json.loads(socket.recv(timeout=5))
        assert told["type"] == "error"
        assert told["error"]["field"] == field
        _say(socket, type="cancel")
        json.loads(socket.recv(timeout=5))
        _say(socket, text="Still here.", format="pcm")
        assert _hear(socket)[2]["type"] == "end"


def test_a_connection_that_is_refused_again_and_again_is_ended(site):
    with _socket(site) as socket:
        for _ in range(1_001):
            socket.send("{}")
        with pytest.raises(ConnectionClosed) as ended:
            list(socket)
    assert ended.value.rcvd.code == 1008


def test_leaving_frees_the_slot_at_once(slow_site):
    with _socket(slow_site) as socket:
        _say(socket, text=LONG, format="pcm")
        socket.recv()
        assert isinstance(socket.recv(), bytes)
        assert slow_site.active == 1
    assert slow_site.wait_until(lambda: slow_site.active == 0, 0.5)


def test_more_requests_than_may_wait_are_refused_by_name(slow_site):
    with _socket(slow_site) as socket:
        for number in range(40):
            _say(socket, text=LONG, format="pcm", request_id=f"r{number}")
        refused = set()
        while len(refused) < 7:
            message = socket.recv(timeout=5)
            if isinstance(message, str) and (told := json.loads(message))["type"] == "error":
                assert told["error"]["code"] == "overloaded"
                refused.add(told["request_id"])
    assert refused == {f"r{number}" for number in range(33, 40)}


def test_the_key_comes_in_a_header_or_as_a_subprotocol(voices_dir):
    with served(ScriptedEngine(), voices_dir, api_key="s3cret/?") as site:
        for options in ({}, {"additional_headers": {"Authorization": "Bearer wrong"}}):
            with pytest.raises(InvalidStatus) as caught, _socket(site, **options):
                pass
            assert caught.value.response.status_code == 401
            assert json.loads(caught.value.response.body)["error"]["code"] == "not_authorised"
        encoded = base64.urlsafe_b64encode(b"s3cret/?").decode().rstrip("=")
        for options in (
            {"additional_headers": {"Authorization": "Bearer s3cret/?"}},
            {"additional_headers": {"X-API-Key": "s3cret/?"}},
            {"subprotocols": ["chatterpod", f"key.{encoded}"]},
        ):
            with _socket(site, **options) as socket:
                assert socket.subprotocol == ("chatterpod" if "subprotocols" in options else None)
                _say(socket, text="Hello.", format="pcm")
                assert _hear(socket)[2]["type"] == "end"


def test_pages_of_other_sites_cannot_open_it(site):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    with pytest.raises(InvalidStatus) as caught, _socket(site, additional_headers=headers):
        pass
    assert caught.value.response.status_code == 403


def test_more_connections_than_may_be_are_refused(voices_dir):
    with served(ScriptedEngine(), voices_dir, max_sockets=2) as site:
        with _socket(site), _socket(site):
            with pytest.raises(InvalidStatus) as caught, _socket(site):
                pass
            assert caught.value.response.status_code == 503
        assert site.wait_until(lambda: site.backend.open_sockets == 0)
        with _socket(site) as socket:
            _say(socket, text="Hello.", format="pcm")
            samples = np.frombuffer(_hear(socket)[1], "<i2")
    assert np.abs(samples).max() > 1000
