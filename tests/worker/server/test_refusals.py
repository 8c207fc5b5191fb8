"""Refused requests: each error has its status and a body that says what to do."""

import contextlib
import socket
import time

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served

KEY = "s3cret-key"
WITH_KEY = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def guarded(voices_dir):
    with served(
        ScriptedEngine(), voices_dir, api_key=KEY, header_timeout_s=0.5, body_timeout_s=0.5, max_body_mb=0.1
    ) as site:
        yield site


def _post(site, path="/tts/generate", headers=WITH_KEY, **request):
    return httpx.post(f"{site.url}{path}", headers=headers, timeout=10, **request)


HELLO = {"text": "Hello."}
BAD_REQUESTS = [
    ("no key", {"headers": {}, "json": HELLO}, 401, "not_authorised"),
    ("wrong key", {"headers": {"Authorization": "Bearer wrong"}, "json": HELLO}, 401, "not_authorised"),
    ("half a key", {"headers": {"X-API-Key": KEY[:5]}, "json": HELLO}, 401, "not_authorised"),
    ("another scheme", {"headers": {"Authorization": f"Basic {KEY}"}, "json": HELLO}, 401, "not_authorised"),
    (
        "a key that is not ASCII",
        {"headers": {"X-API-Key": b"\xff\xe9"}, "json": HELLO},
        401,
        "not_authorised",
    ),
    ("no JSON", {"content": b"{"}, 400, "invalid_request"),
    ("nothing", {"content": b""}, 400, "invalid_request"),
    ("not UTF-8", {"content": b'{"text": "\xff"}'}, 400, "invalid_request"),
    ("a form", {"data": {"text": "Hello."}}, 400, "invalid_request"),
    ("a list", {"json": [1]}, 400, "invalid_request"),
    ("deep JSON", {"content": b"[" * 90_000}, 400, "invalid_request"),
    ("a huge number", {"content": b'{"text": "Hi", "seed": 1' + b"0" * 5000 + b"}"}, 400, "invalid_request"),
    ("half a surrogate", {"content": b'{"text": "Hi", "voice_id": "\\ud800"}'}, 400, "invalid_request"),
    ("no text", {"json": {}}, 400, "invalid_request"),
    ("silent text", {"json": {"text": "..."}}, 400, "invalid_request"),
    ("an unknown field", {"json": {**HELLO, "tempo": 2}}, 400, "invalid_request"),
    ("another action", {"json": {"action": "health"}}, 400, "invalid_request"),
    ("a wrong stream", {"json": {**HELLO, "stream": "yes"}}, 400, "invalid_request"),
    ("long text", {"json": {"text": "word " * 1001}}, 400, "text_too_long"),
    ("an unknown voice", {"json": {**HELLO, "voice_id": "nobody"}}, 404, "unknown_voice"),
    ("a path as a voice", {"json": {**HELLO, "voice_id": "../../etc/passwd"}}, 400, "invalid_request"),
    ("a damaged voice", {"json": {**HELLO, "voice_id": "bob"}}, 500, "voice_corrupt"),
    ("too late", {"json": {"text": "word " * 500, "deadline_ms": 1}}, 408, "deadline_exceeded"),
    ("a huge body", {"json": {"text": "a" * 200_000}}, 413, "too_large"),
    ("a huge body in chunks", {"content": iter([b"a" * 60_000] * 4)}, 413, "too_large"),
    ("an unknown path", {"path": "/tts/sing", "json": HELLO}, 404, "not_found"),
    ("a wrong method", {"path": "/voices/anna", "json": HELLO}, 405, "method_not_allowed"),
]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [case[1:] for case in BAD_REQUESTS],
    ids=[case[0] for case in BAD_REQUESTS],
)
def test_a_bad_request_has_its_status_and_says_what_is_wrong(guarded, request_, status, code):
    answer = _post(guarded, **request_)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")
    assert set(error) - {"reason"} == {"code", "message", "field"}
    assert KEY not in answer.text
    assert "Traceback" not in answer.text
    assert len(_post(guarded, json=HELLO).content) > 100


def test_each_refusal_tells_what_http_wants_told(guarded):
    assert _post(guarded, headers={}, json=HELLO).headers["www-authenticate"] == "Bearer"
    for path, allowed in (
        ("/tts/generate", "POST"),
        ("/voices", "GET, HEAD, POST"),
        ("/voices/anna", "GET, HEAD, PATCH, DELETE"),
        ("/health", "GET, HEAD"),
    ):
        refused = httpx.put(f"{guarded.url}{path}", headers=WITH_KEY)
        assert (refused.status_code, refused.headers["allow"]) == (405, allowed)


def test_what_needs_no_key(guarded):
    for path in ("/ping", "/", "/chatterpod.js", "/openapi.json"):
        assert httpx.get(f"{guarded.url}{path}").status_code == 200
    for path in ("/health", "/metrics", "/voices", "/v1/models"):
        assert httpx.get(f"{guarded.url}{path}").status_code == 401
        assert httpx.get(f"{guarded.url}{path}", headers={"X-API-Key": KEY}).status_code == 200


class TestSlowClients:
    """A loris holds connections open by sending next to nothing."""

    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"POST /tts/generate HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        ],
        ids=["nothing", "half a header"],
    )
    def test_headers_that_never_end_close_the_connection(self, guarded, sent):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=5) as loris:
            began = time.monotonic()
            loris.sendall(sent)
            while data := loris.recv(65536):
                assert b"200 OK" in data
            assert 0.3 < time.monotonic() - began < 3

    def test_half_a_second_request_closes_the_connection(self, guarded):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=5) as loris:
            loris.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in loris.recv(65536)
            began = time.monotonic()
            loris.sendall(b"GET /ping HTTP/1.1\r\nX-Slow: ")
            assert loris.recv(65536) == b""
            assert 0.3 < time.monotonic() - began < 3

    def test_drops_of_a_header_do_not_buy_time(self, guarded):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=0.1) as loris:
            loris.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n")
            began = time.monotonic()
            with contextlib.suppress(OSError):  # reset or broken, as the kernel has it
                while time.monotonic() - began < 4:
                    loris.sendall(b"X: y\r\n")
                    time.sleep(0.05)
            assert time.monotonic() - began < 3

    def test_headers_without_end_are_refused(self, guarded):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=5) as flood:
            flood.sendall(b"GET /ping HTTP/1.1\r\n" + b"X: y\r\n" * 12_000)
            assert flood.recv(65536).startswith(b"HTTP/1.1 400")

    def test_a_body_that_never_ends_is_a_timeout(self, guarded):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=5) as loris:
            head = f"POST /tts/generate HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: 99\r\n\r\n"
            loris.sendall(head.encode() + b'{"text"')
            assert loris.recv(65536).startswith(b"HTTP/1.1 408")


class TestOtherNames:
    """A site can make its name lead to 127.0.0.1: its pages are then of the server's own site."""

    REBOUND = (
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[",
        "x",
    )
    OWN = ("localhost", "LOCALHOST:8000", "app.localhost", "127.0.0.1:80", "[::1]:8000", "192.168.1.7")

    @pytest.mark.parametrize("host", REBOUND)
    @pytest.mark.parametrize("path", ["/", "/voices", "/ping", "/openapi.json"])
    def test_a_server_for_this_machine_does_not_answer_to_them(self, site, host, path):
        answer = httpx.get(f"{site.url}{path}", headers={"Host": host, "Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_refused")

    @pytest.mark.parametrize("host", OWN)
    def test_addresses_and_names_of_this_machine_are_its_own(self, site, host):
        assert httpx.get(f"{site.url}/voices", headers={"Host": host}).status_code == 200

    def test_a_setting_adds_names(self, voices_dir):
        with served(ScriptedEngine(), voices_dir, allowed_hosts="Speech.Example, speech.lan") as site:
            for host, status in [("speech.example:8000", 200), ("SPEECH.LAN", 200), ("evil.example", 403)]:
                assert httpx.get(f"{site.url}/voices", headers={"Host": host}).status_code == status
        with served(ScriptedEngine(), voices_dir, allowed_hosts="*") as site:
            assert httpx.get(f"{site.url}/voices", headers={"Host": "evil.example"}).status_code == 200

    @pytest.mark.parametrize("given", [{"api_key": KEY}, {"listen_host": "0.0.0.0"}])
    def test_a_server_with_a_key_or_for_others_takes_any(self, voices_dir, given):
        headers = {"Host": "pod-8000.proxy.example", "X-API-Key": KEY}
        with served(ScriptedEngine(), voices_dir, **given) as site:
            assert httpx.get(f"{site.url}/voices", headers=headers).status_code == 200


class TestOtherSites:
    def test_their_pages_are_refused_though_the_request_is_a_simple_one(self, site):
        headers = {
            "Sec-Fetch-Site": "cross-site",
            "Origin": "https://evil.example",
            "Content-Type": "text/plain",
        }
        answer = _post(site, headers=headers, json=HELLO)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_refused")
        assert "access-control-allow-origin" not in answer.headers

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://127.0.0.1",
            "http://127.0.0.1:1",
            "http://localhost:{port}",
            "null",
            "file://",
            "http://[",
            "http://127.0.0.1:x",
            "ftp://127.0.0.1:{port}/",
            "",
        ],
    )
    def test_a_browser_that_tells_the_origin_alone_is_understood(self, site, origin):
        origin = origin.format(port=site.port)
        answer = _post(site, headers={"Origin": origin, "Content-Type": "text/plain"}, json=HELLO)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_refused")
        assert httpx.get(f"{site.url}/ping", headers={"Origin": origin}).status_code == 200

    @pytest.mark.parametrize(
        ("origin", "host"),
        [
            ("http://127.0.0.1:{port}", "127.0.0.1:{port}"),
            ("http://LocalHost", "localhost:80"),
            ("https://speech.example", "speech.example"),
            ("https://speech.example:443", "Speech.Example"),
            ("http://[::1]:{port}", "[::1]:{port}"),
        ],
    )
    def test_its_own_page_by_any_of_its_names_is_let_in(self, voices_dir, origin, host):
        with served(ScriptedEngine(), voices_dir, allowed_hosts="speech.example, other.example") as site:
            headers = {"Origin": origin.format(port=site.port), "Host": host.format(port=site.port)}
            assert _post(site, headers=headers, json=HELLO).status_code == 200

    def test_its_own_page_and_other_programs_are_not(self, site):
        assert _post(site, headers={"Sec-Fetch-Site": "same-origin"}, json=HELLO).status_code == 200
        assert _post(site, headers={}, json=HELLO).status_code == 200

    def test_cors_lets_in_the_sites_that_it_names(self, voices_dir):
        with served(ScriptedEngine(), voices_dir, cors_origins="https://app.example", api_key=KEY) as site:
            headers = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
            asked = {**headers, "Access-Control-Request-Method": "POST"}
            asked["Access-Control-Request-Headers"] = "authorization,content-type"
            allowed = httpx.options(f"{site.url}/tts/generate", headers=asked)
            assert allowed.status_code == 200
            assert allowed.headers["access-control-allow-origin"] == "https://app.example"
            asked |= {
                "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
                "Access-Control-Request-Private-Network": "true",
            }
            for method, path in [
                ("POST", "/v1/audio/speech"),
                ("PATCH", "/voices/a"),
                ("DELETE", "/voices/a"),
            ]:
                asked["Access-Control-Request-Method"] = method
                allowed = httpx.options(f"{site.url}{path}", headers=asked)
                assert allowed.status_code == 200, allowed.text
                assert "x-stainless-os" in allowed.headers["access-control-allow-headers"]
                assert allowed.headers["access-control-allow-private-network"] == "true"
            spoken = _post(site, headers=headers | WITH_KEY, json=HELLO)
            assert spoken.status_code == 200
            for name in ("X-Sample-Rate", "X-Voice-Substituted", "Retry-After"):
                assert name in spoken.headers["access-control-expose-headers"]
            told = _post(site, headers=headers, json=HELLO)
            assert told.status_code == 401
            assert told.headers["access-control-allow-origin"] == "https://app.example"
            other = _post(site, headers={**headers, "Origin": "https://evil.example"} | WITH_KEY, json=HELLO)
            assert other.status_code == 403
