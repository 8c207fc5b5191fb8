"""The client against a real server of ours, over HTTP."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import soundfile
from scripted_engine import ScriptedEngine
from served import Served, served
from timed import after

from chatterpod import (
    EndpointUnreachable,
    EngineFailure,
    InvalidRequest,
    JobCancelled,
    NotAuthorised,
    NotOffered,
    Overloaded,
    SpeechClient,
    UnknownEndpoint,
    UnknownVoice,
)
from worker.errors import EngineFailure as EngineCannotLoad

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "This is a sentence that is spoken. " * 4


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(ScriptedEngine(), tmp_path_factory.mktemp("voices")) as site:
        yield site


@pytest.fixture(scope="module")
def slow_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    engine = ScriptedEngine(block_delay_s=0.1)
    with served(engine, tmp_path_factory.mktemp("voices"), max_concurrency=1) as site:
        yield site


def fill(site: Served, others: ExitStack) -> Overloaded:
    """Ask for speech until the server refuses; return its refusal."""
    client = others.enter_context(SpeechClient.http(site.url, retries=0))
    pool = others.enter_context(ThreadPoolExecutor(100))
    for _ in range(100):
        speech = client.speak(TEXT * 5, format="pcm")
        others.callback(speech.cancel)
        first = pool.submit(next, speech)
        count = site.active
        if not site.wait_until(lambda: first.done() or site.active > count, 5):  # noqa: B023
            break
        if first.done() and isinstance(first.exception(), Overloaded):
            return first.exception()
    raise AssertionError("the server refuses nobody")


@pytest.fixture
def client(site: Served) -> Iterator[SpeechClient]:
    with SpeechClient.http(site.url, timeout=30) as client:
        yield client


class TestSpeaking:
    def test_speech_comes_whole_and_checked(self, client: SpeechClient) -> None:
        speech = client.speak(TEXT, format="pcm", seed=1)
        audio = speech.read()
        assert speech.end is not None
        assert len(audio) / 2 / 24_000 == pytest.approx(speech.end.audio_seconds)
        assert speech.seconds == pytest.approx(speech.end.audio_seconds)
        assert speech.start is not None
        assert speech.start.request_id == speech.job_id
        assert speech.status == "COMPLETED"
        assert speech.timeline[0].start == 0
        assert speech.metrics["ttfa_ms"] > 0
        assert speech.first_audio_s is not None

    def test_it_comes_before_the_end_is_made(self, slow_site: Served) -> None:
        with (
            SpeechClient.http(slow_site.url) as client,
            client.speak(TEXT, format="pcm") as speech,
        ):
            assert next(speech)
            assert speech.end is None

    def test_a_saved_file_has_its_length(self, client: SpeechClient, tmp_path: Path) -> None:
        path = client.speak("Hello there.", format="wav").save(tmp_path / "a.wav")
        samples, rate = soundfile.read(path)
        assert rate == 24_000
        assert len(samples) > 2000
        assert list(tmp_path.iterdir()) == [path]

    def test_a_file_in_one_piece_is_one(self, client: SpeechClient) -> None:
        speech = client.speak("Hello there.", format="mp3", stream=False)
        assert len(list(speech)) == 1

    def test_one_request_after_the_other_use_one_connection(self, site: Served, client: SpeechClient) -> None:
        ports = set()
        for _ in range(3):
            speech = client.speak("Hello.", format="pcm")
            next(speech)
            answer = speech._reception.source._answer  # type: ignore[attr-defined]
            ports.add(answer.response.extensions["network_stream"].get_extra_info("client_addr"))
            speech.read()
        assert len(ports) == 1


class TestRefusals:
    def test_a_refused_request_is_typed_as_on_the_queue(self, client: SpeechClient) -> None:
        with pytest.raises(UnknownVoice, match="no voice 'eve'") as caught:
            client.speak("Hi.", voice_id="eve").read()
        assert (caught.value.code, caught.value.field) == ("unknown_voice", "voice_id")
        with pytest.raises(InvalidRequest) as wrong:
            client.speak("Hi.", format="mp4").read()
        assert wrong.value.field == "format"

    def test_the_key_may_be_the_bearer_or_the_servers_own(self, tmp_path: Path) -> None:
        with served(ScriptedEngine(), tmp_path, api_key="k-123") as site:
            with (
                SpeechClient.http(site.url) as client,
                pytest.raises(NotAuthorised, match="key is missing"),
            ):
                client.speak("Hi.").read()
            for keys in ({"api_key": "k-123"}, {"api_key": "runpods", "server_key": "k-123"}):
                with SpeechClient.http(site.url, **keys) as client:  # type: ignore[arg-type]
                    assert client.speak("Hi.").read()
                    assert "k-123" not in f"{client!r} {vars(client)} {vars(client._api)}"

    def test_an_address_that_is_no_server_of_ours_is_unknown(self, site: Served) -> None:
        with SpeechClient.http(f"{site.url}/elsewhere") as client, pytest.raises(UnknownEndpoint):
            client.speak("Hi.").read()

    def test_nobody_there_is_unreachable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("chatterpod.api.FIRST_BACKOFF_S", 0.001)
        client = SpeechClient.http(f"http://127.0.0.1:{1}")
        with pytest.raises(EndpointUnreachable, match="ConnectError"):
            client.speak("Hi.").read()


class TestLeaving:
    def test_leaving_early_frees_the_slot(self, slow_site: Served) -> None:
        with SpeechClient.http(slow_site.url) as client:
            with client.speak(TEXT * 5, format="pcm") as speech:
                next(speech)
                assert slow_site.active == 1
            assert slow_site.wait_until(lambda: slow_site.active == 0, 2)
            assert speech.status == "CANCELLED"

    def test_another_thread_cancels_at_once(self, slow_site: Served) -> None:
        with SpeechClient.http(slow_site.url) as client:
            speech = client.speak(TEXT * 5, format="pcm")
            next(speech)
            began = time.monotonic()
            with after(0.2, speech.cancel), pytest.raises(JobCancelled):
                speech.read()
            assert time.monotonic() - began < 2
            assert slow_site.wait_until(lambda: slow_site.active == 0, 2)


class TestComingBack:
    def test_an_overloaded_server_is_asked_again_once_it_has_room(self, slow_site: Served) -> None:
        with SpeechClient.http(slow_site.url, timeout=30) as client, ExitStack() as others:
            refusal = fill(slow_site, others)
            assert refusal.retry_after_s is not None
            assert refusal.retry_after_s > 0
            with after(0.5, others.close):
                speech = client.speak("Hello.", format="pcm")
                assert speech.read()
            assert speech.attempts == 2

    def test_it_is_given_up_where_the_wait_is_longer_than_the_timeout(self, slow_site: Served) -> None:
        with SpeechClient.http(slow_site.url, timeout=1.0) as client, ExitStack() as others:
            fill(slow_site, others)
            began = time.monotonic()
            with pytest.raises(Overloaded):
                client.speak("Hello.", format="pcm").read()
            assert time.monotonic() - began < 1.0

    def test_a_server_that_loads_is_waited_for(self, tmp_path: Path) -> None:
        def load() -> ScriptedEngine:
            time.sleep(1.0)
            return ScriptedEngine()

        with (
            served(load, tmp_path, wait=False) as site,
            SpeechClient.http(site.url, timeout=30) as client,
        ):
            client.wait_until_ready()
            assert client.health()["status"] == "ready"
            assert client.speak("Hi.").read()

    def test_speech_itself_waits_for_loading(self, tmp_path: Path) -> None:
        loaded = threading.Event()

        def load() -> ScriptedEngine:
            loaded.wait(20)
            return ScriptedEngine()

        with (
            served(load, tmp_path, wait=False) as site,
            SpeechClient.http(site.url, timeout=30, retries=0) as client,
        ):
            with after(0.5, loaded.set):
                speech = client.speak("Hi.")
                assert speech.read()
            assert speech.attempts == 2

    def test_a_server_that_cannot_load_is_not_waited_for(self, tmp_path: Path) -> None:
        def load() -> ScriptedEngine:
            raise EngineCannotLoad("No weights.")

        with served(load, tmp_path) as site, SpeechClient.http(site.url) as client:
            with pytest.raises(EngineFailure, match="No weights"):
                client.wait_until_ready()
            with pytest.raises(EngineFailure, match="No weights"):
                client.speak("Hi.").read()


class TestActions:
    def test_what_has_a_path_is_asked_there(self, client: SpeechClient) -> None:
        assert client.run_action({"action": "list_voices"})["voices"][0]["voice_id"] == "default"
        assert client.run_action({"action": "health"})["status"] == "ready"

    def test_what_has_none_is_not_offered(self, client: SpeechClient) -> None:
        with pytest.raises(NotOffered, match="prepare_voice"):
            client.run_action({"action": "prepare_voice", "voice_id": "a"})

    def test_a_hosted_server_is_asked_over_tls(self) -> None:
        with SpeechClient.runpod_http("abc123", "key") as client:
            assert repr(client) == "SpeechClient('https://abc123.api.runpod.ai')"
