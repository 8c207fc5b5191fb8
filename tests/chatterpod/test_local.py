"""The client against the plane, with the real SDK's loop behind it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from timed import after

from chatterpod import (
    JobCancelled,
    NotAuthorised,
    RequestFailed,
    RequestRefused,
    SpeechClient,
    StreamIncomplete,
    UnknownEndpoint,
)
from local_runpod import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[SpeechClient]:
    with SpeechClient(endpoint.url, timeout=30) as client:
        yield client


def test_speech_comes_whole_and_before_the_end(client: SpeechClient) -> None:
    arrivals = []
    with client.speak("Hi.", voice_id="anna", chunks=5, pause=0.1) as speech:
        for piece in speech:
            arrivals.append(time.monotonic())
            assert piece == bytes([len(arrivals) - 1]) * 4800
    assert len(arrivals) == 5
    assert arrivals[-1] - arrivals[0] > 0.3
    assert speech.start is not None
    assert speech.start.voice_id == "anna"
    assert speech.seconds == pytest.approx(0.5)
    assert speech.metrics == {"ttfa_ms": 1.5}


def test_eight_requests_at_once_each_get_their_own_audio(client: SpeechClient) -> None:
    def speak(chunks: int) -> int:
        return len(client.speak("Hi.", chunks=chunks, pause=0.02).read())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(speak, range(1, 9))) == [4800 * chunks for chunks in range(1, 9)]


def test_a_refused_request_is_typed(client: SpeechClient) -> None:
    with pytest.raises(RequestFailed) as caught:
        client.speak("Hi.", do="fail").read()
    assert (caught.value.code, caught.value.field) == ("unknown_voice", "voice_id")


def test_a_crashed_request_is_an_engine_failure(client: SpeechClient) -> None:
    with pytest.raises(RequestFailed, match="boom") as caught:
        client.speak("Hi.", do="raise").read()
    assert caught.value.code == "engine_failure"


def test_a_stream_without_an_end_is_incomplete(client: SpeechClient) -> None:
    with pytest.raises(StreamIncomplete):
        client.speak("Hi.", do="silent_end").read()


def test_leaving_early_frees_the_worker(client: SpeechClient) -> None:
    with client.speak("Hi.", chunks=500, pause=0.05) as speech:
        next(speech)
    deadline = time.monotonic() + 10
    while client.health()["jobs"]["inProgress"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert speech.status == "CANCELLED"
    assert len(client.speak("Hi.").read()) == 3 * 4800


def test_another_thread_may_cancel(client: SpeechClient) -> None:
    speech = client.speak("Hi.", chunks=500, pause=0.05)
    with after(0.3, speech.cancel), pytest.raises(JobCancelled):
        speech.read()


def test_an_action_answers(client: SpeechClient) -> None:
    assert client.run_action({"action": "list_voices"}) == {"voices": ["default"]}


def test_a_payload_beyond_the_limit_is_refused(client: SpeechClient) -> None:
    with pytest.raises(RequestRefused, match="too large"):
        client.speak("x" * 11_000_000)


def test_another_endpoint_is_unknown(endpoint: LocalEndpoint) -> None:
    with SpeechClient(endpoint.url.replace("/local", "/other")) as client, pytest.raises(UnknownEndpoint):
        client.speak("Hi.")


def test_a_key_is_needed_where_one_is_set() -> None:
    with LocalEndpoint(workers=0, api_key="k") as endpoint:
        with SpeechClient(endpoint.url) as client, pytest.raises(NotAuthorised):
            client.speak("Hi.")
        with SpeechClient(endpoint.url, "k") as client:
            client.speak("Hi.").cancel()
