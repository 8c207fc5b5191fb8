"""Requests as real clients send them: HEAD, superfluous slashes, odd encodings, HTTP/1.0."""

import json
import socket
import subprocess
from itertools import islice

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import served

from worker.server.routes.page import PAGE_PATHS

TEXT = "word " * 200
READABLE = (
    *PAGE_PATHS,
    *("/ping", "/health", "/metrics", "/openapi.json", "/voices", "/voices/anna", "/voices/anna/clip"),
    *("/v1/models", "/v1/models/tts-1", "/v1/audio/voices"),
)


def _post(site, path="/tts/generate", **request):
    return httpx.post(f"{site.url}{path}", timeout=30, **request)


class TestHead:
    @pytest.mark.parametrize("path", READABLE)
    def test_it_is_get_without_the_body(self, site, path):
        head, got = httpx.head(f"{site.url}{path}"), httpx.get(f"{site.url}{path}")
        assert (head.status_code, got.status_code) == (200, 200)
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]
        assert int(head.headers["content-length"]) == pytest.approx(len(got.content), rel=0.05)

    def test_nothing_that_can_be_read_was_forgotten(self, site):
        paths = httpx.get(f"{site.url}/openapi.json").json()["paths"]
        readable = {path for path, methods in paths.items() if "get" in methods}
        assert {path.replace("{voice_id}", "anna").replace("{model}", "tts-1") for path in readable} < {
            *READABLE
        }

    def test_the_connection_serves_the_next_request(self, site):
        with httpx.Client(base_url=site.url) as client:
            for _ in range(3):
                assert client.head("/voices").status_code == 200
                assert client.get("/ping").json() == {"status": "ready"}

    def test_where_there_is_no_get_it_is_no_method(self, site):
        assert httpx.head(f"{site.url}/tts/generate").headers["allow"] == "POST"
        assert httpx.head(f"{site.url}/nothing").status_code == 404

    def test_it_needs_the_key_that_get_needs(self, voices_dir):
        with served(ScriptedEngine(), voices_dir, api_key="s3cret") as site:
            assert httpx.head(f"{site.url}/voices").status_code == 401
            assert httpx.head(f"{site.url}/ping").status_code == 200


class TestPaths:
    @pytest.mark.parametrize("path", ["/v1/audio/speech/", "/v1//audio/speech", "/v1/audio/speech//"])
    def test_a_slash_too_many_makes_no_other_path(self, site, path):
        assert _post(site, path, json={"input": "Hello."}).status_code == 200

    def test_it_opens_no_way_around_the_key(self, voices_dir):
        with served(ScriptedEngine(), voices_dir, api_key="s3cret") as site:
            for path in ("/voices/", "/v1//models", "/health/"):
                assert httpx.get(f"{site.url}{path}").status_code == 401
            assert httpx.get(f"{site.url}/ping/").status_code == 200


class TestBodies:
    @pytest.mark.parametrize(
        "mime", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"]
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_json_is_read_whatever_it_is_said_to_be(self, site, mime, encoding):
        headers = {} if mime is None else {"Content-Type": mime}
        content = '{"text": "Café.", "format": "pcm"}'.encode(encoding)
        assert len(_post(site, content=content, headers=headers).content) > 100

    def test_another_encoding_is_named(self, site):
        refused = _post(site, content='{"text": "Café."}'.encode("latin-1"))
        assert "not UTF-8" in refused.json()["error"]["message"]

    @pytest.mark.parametrize("path", ["/tts/generate", "/v1/synthesize", "/v1/synthesize/telephony"])
    def test_null_is_left_out(self, site, path):
        names = ("voice_id", "format", "response_format", "sample_rate", "speed", "stream", "seed", "action")
        answer = _post(site, path, json={"text": "Hello.", **dict.fromkeys(names)})
        assert answer.status_code == 200, answer.text


def _raw(site, request: str, body: bytes = b""):
    """Send a request as it is, and return head and body once the server has closed."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(request.encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().lower(), body


def _speak_raw(site, body, *headers):
    data = json.dumps({"text": TEXT, **body}).encode()
    lines = ["POST /tts/generate HTTP/1.0", *headers, f"Content-Length: {len(data)}", "", ""]
    return _raw(site, "\r\n".join(lines), data)


class _Breaking(ScriptedEngine):
    """Speaks half a second, and fails."""

    def stream(self, *request):
        yield from islice(super().stream(*request), 10)
        raise RuntimeError("no more")


class TestHttp10:
    """Chunks are HTTP/1.1's: an older client would take their lengths for audio."""

    @pytest.mark.parametrize(
        "headers", [(), ("Connection: keep-alive",), ("Host: localhost", "Connection: close")]
    )
    def test_a_stream_ends_with_the_connection(self, site, headers):
        head, body = _speak_raw(site, {"format": "pcm"}, *headers)
        assert "200 ok" in head
        assert "transfer-encoding" not in head
        assert "connection: close" in head
        assert body == _post(site, json={"text": TEXT, "format": "pcm"}).content

    def test_a_file_tells_its_length(self, site):
        head, body = _speak_raw(site, {"format": "wav", "stream": False})
        assert f"content-length: {len(body)}" in head

    @pytest.mark.parametrize("path", ["/", "/ping", "/voices", "/voices/anna/clip"])
    def test_it_can_read(self, site, path):
        head, body = _raw(site, f"GET {path} HTTP/1.0\r\n\r\n")
        assert f"content-length: {len(body)}" in head
        head, body = _raw(site, f"HEAD {path} HTTP/1.0\r\n\r\n")
        assert "200 ok" in head
        assert body == b""

    def test_an_error_in_the_midst_is_no_usual_end(self, voices_dir):
        with served(_Breaking(), voices_dir) as site, pytest.raises(ConnectionResetError):
            _speak_raw(site, {"format": "pcm"})

    def test_curl_takes_it(self, site, tmp_path):
        command = ["curl", "-0sSN", "--fail", f"{site.url}/tts/generate", "-o", tmp_path / "speech.pcm"]
        subprocess.run([*command, "-d", json.dumps({"text": TEXT, "format": "pcm"})], check=True, timeout=30)
        spoken = _post(site, json={"text": TEXT, "format": "pcm"}).content
        assert (tmp_path / "speech.pcm").read_bytes() == spoken
