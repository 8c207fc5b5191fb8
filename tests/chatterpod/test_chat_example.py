"""examples/chat.py, run as anybody would, against a real server with the preview engine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fake_chat import fake_chat

from chatterpod import SpeechClient

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
CHAT = [sys.executable, "examples/chat.py"]


@pytest.fixture(scope="module")
def speech_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    folder = tmp_path_factory.mktemp("serve")
    env = {**os.environ, "ENGINE": "preview", "VOICES_DIR": str(folder), "PORT": str(port)}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "worker", "serve"], env=env, stdout=log, stderr=log, cwd=ROOT
        )
    try:
        with SpeechClient.http(f"http://127.0.0.1:{port}", timeout=60) as client:
            client.wait_until_ready()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def environment(speech_url: str, **variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "SPEECH_URL": speech_url, **variables}


def seconds_of(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2")
    assert np.abs(samples).max() > 1000
    return len(samples) / 24_000


def test_a_models_answer_is_heard_while_it_is_still_being_written(speech_url: str) -> None:
    with fake_chat("Because air scatters blue light. Red goes|straight on. That is all.") as chat:
        env = environment(speech_url, OPENAI_BASE_URL=chat.url, OPENAI_API_KEY="none")
        command = [*CHAT, "Why is the sky blue?"]
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) as speaking:
            assert speaking.stdout is not None
            first = speaking.stdout.read(9600)
            assert not chat.go_on.is_set()
            chat.go_on.set()
            rest = speaking.stdout.read()
            assert speaking.wait(30) == 0
    assert chat.asked[0]["messages"] == [{"role": "user", "content": "Why is the sky blue?"}]
    assert 3 < seconds_of(first + rest) < 12


def test_without_a_model_it_speaks_what_it_is_given(speech_url: str) -> None:
    ran = subprocess.run(
        CHAT,
        cwd=ROOT,
        env=environment(speech_url),
        input=b"Hello there.\nThis is me.\n",
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert 1 < seconds_of(ran.stdout) < 6
