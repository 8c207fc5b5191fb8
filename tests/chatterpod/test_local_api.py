"""The client against the RunPod SDK's own local server, with our handler behind it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chatterpod import ClientError, NotOffered, RequestFailed, SpeechClient, UnknownVoice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechClient]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("local_api")
    command = [sys.executable, "-m", "worker.handler", "--rp_serve_api", "--rp_api_port", str(port)]
    env = {**os.environ, "ENGINE": "preview", "VOICES_DIR": str(folder), "LOG_LEVEL": "WARNING"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        with SpeechClient.local_api(f"http://127.0.0.1:{port}", timeout=60) as client:
            client.wait_until_ready()
            yield client
    finally:
        server.terminate()
        server.wait(20)


def test_speech_comes_whole_and_checked(client: SpeechClient) -> None:
    speech = client.speak("Hello there.", format="pcm")
    audio = speech.read()
    assert speech.end is not None
    assert len(audio) / 48_000 == pytest.approx(speech.end.audio_seconds)
    assert speech.job_id.startswith("test-")


def test_a_refused_request_is_typed(client: SpeechClient) -> None:
    with pytest.raises(UnknownVoice):
        client.speak("Hi.", voice_id="eve").read()


def test_actions_answer(client: SpeechClient) -> None:
    assert client.run_action({"action": "list_voices"})["type"] == "voices"
    with pytest.raises(RequestFailed):
        client.run_action({"action": "prepare_voice", "voice_id": "eve"})


def test_what_it_does_not_have_is_said(client: SpeechClient) -> None:
    with pytest.raises(NotOffered):
        client.health()


def test_leaving_early_is_no_error(client: SpeechClient) -> None:
    with client.speak("Hi."):
        pass


def test_nobody_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatterpod.api.FIRST_BACKOFF_S", 0.001)
    with pytest.raises(ClientError):
        SpeechClient.local_api(f"http://127.0.0.1:{free_port()}", timeout=0.5).wait_until_ready()
