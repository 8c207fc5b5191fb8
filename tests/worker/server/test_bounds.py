"""Upper bounds on the data that the server holds, answers and logs for a client, with or without a key."""

import contextlib
import io
import json
import threading

import httpx
import numpy as np
import pytest
import soundfile
from raw_sockets import all_of, ask, connected, frame, upgraded
from scripted_engine import ScriptedEngine
from served import served
from websockets.sync.client import connect

from benchmarks.memory import anonymous_mb
from worker.server.ending import return_free_pages
from worker.server.socket_protocol import BoundedSocket

KEY = "s3cret-key"
LONG = "word " * 900
PING, PONG, CONTINUATION, TEXT = 9, 10, 0, 1


@pytest.fixture(scope="module")
def guarded(voices_dir):
    with served(ScriptedEngine(), voices_dir, api_key=KEY, max_body_mb=0.1, stall_timeout_s=1) as site:
        yield site


def _held(site):
    """What all connections' transports hold, in bytes."""
    return sum(each.transport.get_write_buffer_size() for each in list(site._server.server_state.connections))


class TestPings:
    def test_a_stranger_who_takes_no_answer_is_ended_and_counted_until_then(self, guarded):
        pings = frame(PING, b"x" * 125) * 1_000
        with upgraded(guarded, "/twilio/media", receive_bytes=4096) as client:
            assert guarded.backend.open_sockets == 1
            with contextlib.suppress(OSError):
                for _ in range(200):
                    client.sendall(pings)
                    assert _held(guarded) < 1_000_000
                raise AssertionError("26 MB of pings are taken")
            assert guarded.wait_until(lambda: guarded.backend.open_sockets == 0, 10)

    def test_a_few_are_answered_each(self, site):
        with upgraded(site, "/tts/stream") as client:
            for number in range(20):
                client.sendall(frame(PING, str(number).encode()))
                assert client.recv(100) == bytes([0x8A, len(str(number))]) + str(number).encode()

    def test_while_nothing_is_taken_the_newest_alone_is_answered_later(self, site):
        with upgraded(site, "/tts/stream", receive_bytes=4096) as client:
            client.sendall(frame(TEXT, json.dumps({"text": LONG, "format": "pcm"}).encode()))
            assert site.wait_until(lambda: _held(site) > 65_536)
            client.sendall(b"".join(frame(PING, f"ping {number}".encode()) for number in range(200)))
            client.sendall(frame(TEXT, b'{"type": "cancel"}'))
            received = b""
            while b'"cancelled"' not in received or b"ping " not in received:
                received = received + client.recv(65_536)
            client.sendall(frame(PING, b"last"))
            while b"last" not in received:
                received += client.recv(65_536)
        assert received.count(b"ping ") == 1
        assert b"ping 199" in received


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (frame(PONG) * 601, b"too many pongs"),
        (frame(TEXT, b'{"event": ""}') * 30_001, b"too many frames"),
        (frame(TEXT, b"", fin=False) + frame(CONTINUATION, fin=False) * 30_001, b"too many frames"),
    ],
    ids=["pongs", "messages", "fragments"],
)
def test_a_stranger_who_sends_frame_after_frame_is_ended(site, frames, told):
    with upgraded(site, "/twilio/media") as client:
        sending = threading.Thread(target=_send_all, args=(client, frames), daemon=True)
        sending.start()
        assert told in all_of(client)
        sending.join(10)


def _send_all(client, data):
    with contextlib.suppress(OSError):
        client.sendall(data)


def test_a_message_of_many_small_fragments_is_held_as_one(site):
    before = set(site._server.server_state.connections)
    with upgraded(site, "/tts/stream") as client:
        client.sendall(frame(TEXT, b"ab", fin=False) + frame(CONTINUATION, b"ab", fin=False) * 1_000)
        client.sendall(frame(PING, b"done"))
        assert client.recv(100).endswith(b"done")
        [connection] = set(site._server.server_state.connections) - before
        assert [len(each) for each in connection.frames] == [2_002]
        client.sendall(frame(CONTINUATION, b"cd"))
        assert b'"field": "body"' in client.recv(4096), "it is read in the end"


def test_all_connections_together_hold_so_much_of_messages_that_never_end(site, monkeypatch):
    monkeypatch.setattr("worker.server.socket_protocol._MOST_HALF_RECEIVED_BYTES", 150_000)
    head = frame(TEXT, bytes(60_000))[:-1]  # of one frame, or of a message in fragments
    with contextlib.ExitStack() as clients:
        strangers = [clients.enter_context(upgraded(site, "/tts/stream")) for _ in range(3)]
        strangers[0].sendall(head)
        strangers[1].sendall(frame(TEXT, bytes(60_000), fin=False))
        assert site.wait_until(lambda: BoundedSocket._half_received_by_all > 119_000)
        with contextlib.suppress(OSError):  # it is cut off while it sends
            strangers[2].sendall(head)
        assert (1013).to_bytes(2, "big") in strangers[2].recv(100)
        with connect(f"{site.ws_url}/tts/stream", proxy=None) as honest:
            honest.send(json.dumps({"text": "Hello.", "format": "pcm"}))
            assert json.loads(honest.recv(timeout=10))["type"] == "start"
    assert site.wait_until(lambda: BoundedSocket._half_received_by_all == 0), "what is gone is not counted"


def test_a_client_that_takes_nothing_cannot_hold_a_connection_that_has_ended(voices_dir):
    with (
        served(ScriptedEngine(), voices_dir, stall_timeout_s=0.5) as site,
        connected(site, receive_bytes=4096) as client,
    ):
        ask(client, text=LONG, format="pcm")
        assert site.wait_until(lambda: site.active == 1)
        assert site.wait_until(lambda: site.active == 0, 10), "its request is given up"
        assert site.wait_until(lambda: not site._server.server_state.connections, 10), "and its connection"


@pytest.fixture(scope="module")
def large_site(voices_dir):
    with served(ScriptedEngine(), voices_dir, max_text_characters=200_000) as site:
        yield site


class TestWhatWaits:
    def test_a_text_that_is_too_long_is_refused_before_its_turn(self, slow_site):
        with connect(f"{slow_site.ws_url}/tts/stream", proxy=None) as client:
            client.send(json.dumps({"text": LONG, "format": "pcm", "request_id": "first"}))
            client.send(json.dumps({"text": "word " * 10_000, "request_id": "long"}))
            client.send(json.dumps({"text": "Hello.", "tempo": 2, "request_id": "unknown"}))
            client.send(json.dumps({"type": "open", "speed": 9, "request_id": "piece"}))
            client.send(json.dumps({"type": "text", "text": "No mistake of its own."}))
            told = []
            while len(told) < 3:
                if isinstance(message := client.recv(timeout=10), str):
                    event = json.loads(message)
                    told += [event] if event["type"] == "error" else []
                    assert event["type"] != "end"
            assert [event["request_id"] for event in told] == ["long", "unknown", "piece"]
            assert [event["error"]["field"] for event in told] == ["text", "tempo", "speed"]

    def test_all_connections_together_hold_so_much(self, voices_dir):
        with (
            served(ScriptedEngine(block_delay_s=0.05), voices_dir, max_waiting_characters=10_000) as site,
            connect(f"{site.ws_url}/tts/stream", proxy=None) as one,
            connect(f"{site.ws_url}/tts/stream", proxy=None) as other,
        ):
            for client in (one, other):
                client.send(json.dumps({"text": LONG, "format": "pcm"}))
                assert json.loads(client.recv(timeout=10))["type"] == "start"
            other.send(json.dumps({"text": LONG, "request_id": "more"}))
            other.send(json.dumps({"type": "open", "text": LONG, "request_id": "pieces"}))
            refused = []
            while len(refused) < 2:
                if isinstance(message := other.recv(timeout=10), str):
                    refused.append(json.loads(message))
            assert [each["request_id"] for each in refused] == ["more", "pieces"]
            assert {each["error"]["code"] for each in refused} == {"overloaded"}
            one.send(json.dumps({"type": "cancel"}))
            while isinstance(one.recv(timeout=10), bytes):
                pass
            other.send(json.dumps({"text": LONG, "request_id": "now"}))
            other.send(json.dumps({"type": "cancel"}))
            while isinstance(message := other.recv(timeout=10), bytes):
                pass
            assert json.loads(message)["request_ids"][1:] == ["now"]
            assert site.wait_until(lambda: site.backend._waiting.characters == 0)

    def test_leaving_gives_it_back(self, slow_site):
        with connect(f"{slow_site.ws_url}/tts/stream", proxy=None) as client:
            for _ in range(3):
                client.send(json.dumps({"text": LONG}))
            client.send(json.dumps({"type": "open", "text": LONG}))
            assert slow_site.wait_until(lambda: slow_site.backend._waiting.characters == 4 * len(LONG))
        assert slow_site.wait_until(lambda: slow_site.backend._waiting.characters == 0)


@pytest.mark.slow
class TestLargeAnswers:
    TEXT = "word " * 8_000  # 400 s

    @pytest.mark.parametrize("stream", [True, False])
    def test_no_more_than_a_piece_of_them_is_in_memory(self, large_site, stream):
        most, ended = [0.0], threading.Event()

        def watch():
            while not ended.wait(0.01):
                most[0] = max(most[0], anonymous_mb())

        return_free_pages()
        before = anonymous_mb()
        watching = threading.Thread(target=watch)
        watching.start()
        body = {"text": self.TEXT, "format": "wav", "sample_rate": 48_000, "stream": stream}
        size = 0
        try:
            with httpx.stream("POST", f"{large_site.url}/tts/generate", json=body, timeout=60) as answer:
                for data in answer.iter_raw():
                    size += len(data)
        finally:
            ended.set()
            watching.join()
        assert size > 35_000_000
        assert most[0] - before < 25
        assert stream or int(answer.headers["content-length"]) == size

    def test_a_file_that_did_not_fit_into_memory_tells_its_length_and_leaves_nothing(
        self, large_site, tmp_path, monkeypatch
    ):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        body = {"text": "word " * 2_000, "format": "wav", "stream": False}
        file = httpx.post(f"{large_site.url}/tts/generate", json=body, timeout=60).content
        streamed = httpx.post(
            f"{large_site.url}/tts/generate", json={**body, "stream": True, "format": "pcm"}, timeout=60
        ).content
        assert len(file) > 4_000_000
        samples, rate = soundfile.read(io.BytesIO(file), dtype="int16")
        assert rate == 24_000
        assert np.array_equal(samples, np.frombuffer(streamed, "<i2"))
        assert list(tmp_path.iterdir()) == []

    def test_a_reader_that_takes_nothing_stops_its_speech_after_seconds_of_it(self, voices_dir):
        engine = ScriptedEngine()
        with (
            served(engine, voices_dir, max_text_characters=200_000) as site,
            connected(site, receive_bytes=65_536) as client,
        ):
            ask(client, text="Word after word. " * 6_000, format="pcm", sample_rate=48_000)
            seen = []

            def rests():
                seen.append(sum(len(text) for text, _ in engine.asked))
                return len(seen) > 200 and seen[-200] == seen[-1] > 0

            assert site.wait_until(rests, 30)
            assert seen[-1] * 0.01 < 40, "seconds of speech"


def test_one_request_that_was_refused_has_one_answer_and_then_an_end(guarded):
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    announced = "Content-Length: 1000000\r\n"
    for key, headers, status in (
        (KEY, chunked, b"413"),
        (KEY, announced, b"413"),
        ("wrong", chunked, b"401"),
        ("wrong", announced, b"401"),
    ):
        with connected(guarded) as client:
            head = f"POST /tts/generate HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n{headers}\r\n"
            with contextlib.suppress(OSError):
                client.sendall(head.encode())
                for _ in range(100):
                    client.sendall(chunk)
            received = all_of(client)
        assert received.startswith(b"HTTP/1.1 " + status)
        assert received.count(b"HTTP/1.1") == 1
        assert b"connection: close" in received.lower()


def test_nonsense_behind_a_request_that_is_being_answered_is_not_answered_into_it(slow_site):
    with connected(slow_site) as client:
        ask(client, text=LONG, format="pcm")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        client.sendall(b"\0nonsense\r\n\r\n")
        assert b"HTTP/1.1" not in all_of(client)


class TestBeforeTheAnswer:
    """What comes on a connection whose request is still being answered, or is none."""

    def test_a_client_that_has_sent_another_request_and_leaves_keeps_no_slot(self, slow_site):
        with connected(slow_site) as client:
            ask(client, text=LONG, format="pcm")
            assert slow_site.wait_until(lambda: slow_site.active == 1)
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.recv(1024)
        assert slow_site.wait_until(lambda: slow_site.active == 0, 10)

    def test_one_more_is_answered_and_the_rest_is_not_read(self, slow_site):
        with connected(slow_site) as client:
            ask(client, text="Hello.", format="pcm")
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
            answer = all_of(client)
        assert answer.count(b"HTTP/1.1 200") == answer.count(b"HTTP/1.1") == 2

    def test_they_cannot_come_for_ever(self, slow_site):
        with connected(slow_site) as client:
            ask(client, text=LONG, format="pcm")
            assert slow_site.wait_until(lambda: slow_site.active == 1)
            with contextlib.suppress(OSError):
                for _ in range(100):
                    client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 5_000)
                raise AssertionError("9 MB of requests are taken")
        assert slow_site.wait_until(lambda: slow_site.active == 0, 10)

    def test_one_after_the_other_is_answered_each(self, site):
        with connected(site) as client:
            for _ in range(3):
                client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(4096).startswith(b"HTTP/1.1 200")

    def test_a_client_that_has_all_of_an_answer_may_ask_again_at_once(self, site):
        """Its last byte comes before uvicorn takes the answer for complete."""
        with httpx.Client(base_url=site.url) as client:
            ports = set()
            for number in range(60):
                asked = {"text": "Hello.", "format": "wav", "stream": False}
                whole = client.post("/tts/generate", json=asked)
                ports.add(whole.extensions["network_stream"].get_extra_info("client_addr"))
                assert whole.status_code == client.head("/page.js").status_code == 200, number
        assert len(ports) == 1

    def test_trailers_are_counted_and_are_no_headers(self, guarded):
        head = b"POST /tts/generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        with connected(guarded) as client:
            client.sendall(head + b"\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 401")
        with connected(guarded) as client:
            client.sendall(head + b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n2\r\n{}\r\n0\r\n")
            with contextlib.suppress(OSError):
                for _ in range(200):
                    client.sendall(b"a:b\r\n" * 10_000)
                raise AssertionError("10 MB of trailers are taken")

    @pytest.mark.parametrize(("length", "status"), [(3, 400), (0, 101)])
    def test_a_request_for_a_socket_with_a_body_is_refused_at_once(self, site, length, status):
        lines = [
            "GET /tts/stream HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            f"Content-Length: {length}", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]  # fmt: skip
        with connected(site) as client:
            client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            assert client.recv(4096).startswith(f"HTTP/1.1 {status}".encode())


def test_an_answer_that_nobody_takes_is_given_up(voices_dir, monkeypatch):
    monkeypatch.setattr("worker.server.transport._SEND_BUFFER_BYTES", 4096)
    with (
        served(ScriptedEngine(), voices_dir, stall_timeout_s=0.5) as site,
        connected(site, receive_bytes=4096) as client,
    ):
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert site.wait_until(lambda: _held(site) > 0)
        assert site.wait_until(lambda: not site._server.server_state.connections, 10)


def test_no_more_connections_than_so_many_are_let_in(voices_dir, monkeypatch):
    monkeypatch.setattr("worker.server.serve._MOST_CONNECTIONS_WITHOUT_SOCKET", 5)
    with contextlib.ExitStack() as clients, served(ScriptedEngine(), voices_dir, max_sockets=1) as site:
        first = [clients.enter_context(connected(site)) for _ in range(6)]
        assert site.wait_until(lambda: len(site._server.server_state.connections) == 6)
        assert clients.enter_context(connected(site)).recv(1) == b""
        first[0].sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first[0].recv(4096).startswith(b"HTTP/1.1 200")


def test_mistakes_of_strangers_are_logged_seldom(site, caplog):
    for _ in range(30):
        with connected(site) as client:
            client.sendall(b"x\n")
            assert all_of(client).startswith(b"HTTP/1.1 400")
    assert 1 <= sum("Invalid HTTP request" in each.message for each in caplog.records) <= 10
