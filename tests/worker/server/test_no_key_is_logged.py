"""No request, successful or failed, makes the process log a key, even at DEBUG."""

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

pytestmark = pytest.mark.process

KEY = "k3y-that-nobody-may-read"
OTHER = "another-s3cret"
TEXT = "Words that are nobody's business."


@contextlib.contextmanager
def _server(voices_dir, said):
    """A process that serves; what it says is gathered in ``said``."""
    env = os.environ | {
        "ENGINE": "preview",
        "PORT": "0",
        "API_KEY": KEY,
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
        "VOICES_DIR": str(voices_dir),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "worker", "serve"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                break
        reading = threading.Thread(target=said.extend, args=(process.stdout,))
        reading.start()
        try:
            yield int(found[1])
        finally:
            process.send_signal(signal.SIGTERM)
            reading.join(60)


def _ask_in_every_way(port, key):
    """Show a key in each place where somebody may put it."""
    query = f"?key={key}&api_key={key}"
    headers = [{"Authorization": f"Bearer {key}"}, {"X-API-Key": key}, {}]
    for path in ("/tts/generate", "/nowhere", "/voices/x"):
        for each in headers:
            url = f"http://127.0.0.1:{port}{path}{query}"
            for body in ({"text": TEXT}, {"text": TEXT, "api_key": key}):
                httpx.post(url, headers=each, json=body, timeout=30)
            httpx.get(url, headers=each, timeout=30)
    encoded = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    for path in ("/tts/stream", "/twilio/media", "/nowhere"):
        for options in (
            {"additional_headers": headers[0]},
            {"subprotocols": ["chatterpod", f"key.{encoded}"]},
            {},
        ):
            with contextlib.suppress(WebSocketException, TimeoutError):
                _converse(f"ws://127.0.0.1:{port}{path}{query}", key, options)


def _converse(url, key, options):
    start = {"event": "start", "start": {"streamSid": "M", "customParameters": {"api_key": key}}}
    with connect(url, proxy=None, **options) as client:
        for message in (
            json.dumps({"text": TEXT, "format": "pcm"}),
            json.dumps({"text": TEXT, "api_key": key}),
            json.dumps(start),
            f'{{"event": "stop", "key": "{key}"',
            b"\xff" + key.encode(),
        ):
            client.send(message)
        client.recv(timeout=0.3)


def test_no_key_and_no_text_is_in_what_the_process_says(voices_dir):
    said = []
    with _server(voices_dir, said) as port:
        while httpx.get(f"http://127.0.0.1:{port}/ping").status_code != 200:
            time.sleep(0.1)
        _ask_in_every_way(port, KEY)
        _ask_in_every_way(port, OTHER)
    told = "".join(said)
    assert '"outcome": "ok"' in told, "it is heard"
    for secret in (KEY, OTHER, TEXT):
        assert secret not in told
        assert base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=") not in told
