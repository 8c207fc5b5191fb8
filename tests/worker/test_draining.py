"""A queue worker that is told to end, or whose engine is stuck: every job that it took is answered."""

import contextlib
import threading
import time

import pytest
from scripted_speech_worker import command, environment

from chatterpod import RequestFailed, SpeechClient
from local_runpod import LocalEndpoint

pytestmark = pytest.mark.process

QUICK = "word " * 20  # 1 s of audio in 1 s
SLOW = "word " * 400
JOBS_AT_ONCE = 4


@contextlib.contextmanager
def running(tmp_path, **env):
    env = environment(tmp_path, MAX_CONCURRENCY=JOBS_AT_ONCE, BLOCK_S=0.05, **env)
    with (
        LocalEndpoint(command, env=env) as endpoint,
        SpeechClient(endpoint.url, timeout=60, retries=0) as client,
    ):
        endpoint.wait_until_ready(60)
        yield endpoint, client


def _end(endpoint):
    endpoint.terminate_worker()
    return time.monotonic()


def _wait_for_end(endpoint, since):
    while endpoint.exit_code() is None:
        assert time.monotonic() - since < 60
        time.sleep(0.02)
    return endpoint.exit_code(), time.monotonic() - since


def _none_was_left(client):
    """Whether the worker held no job when its process ended: the queue would give it to another."""
    jobs = client.health()["jobs"]
    return jobs["retried"] == jobs["inProgress"] == 0


def _begun(client, text):
    speech = client.speak(text, format="pcm")
    next(speech)
    return speech


def test_what_is_being_spoken_is_finished_and_the_worker_ends_cleanly(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="20") as (endpoint, client):
        speeches = [_begun(client, QUICK * 2) for _ in range(JOBS_AT_ONCE)]
        since = _end(endpoint)
        for speech in speeches:
            list(speech)
            assert speech.end.chunks > 1
        code, _ = _wait_for_end(endpoint, since)
        assert code == 0, endpoint.worker_log()
        assert _none_was_left(client)


def test_what_takes_longer_than_the_grace_ends_with_an_error_to_try_again(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="1") as (endpoint, client):
        speech = _begun(client, SLOW)
        since = _end(endpoint)
        with pytest.raises(RequestFailed) as failed:
            list(speech)
        assert failed.value.code == "shutting_down"
        code, seconds = _wait_for_end(endpoint, since)
        assert code == 0
        assert seconds < 15  # the speech would take 20


def test_a_job_handed_out_after_the_signal_is_spoken_where_it_fits(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="15") as (endpoint, client):
        time.sleep(0.3)  # its request for jobs is open
        since = _end(endpoint)
        time.sleep(0.3)
        speech = client.speak("Hello.", format="pcm")
        assert speech.read()
        assert speech.attempts == 1
        code, seconds = _wait_for_end(endpoint, since)
        assert code == 0
        assert seconds < 15, "and it asks for no more"
        assert _none_was_left(client)


def test_other_actions_are_still_answered_after_the_signal(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="15") as (endpoint, client):
        time.sleep(0.3)
        since = _end(endpoint)
        time.sleep(0.3)
        assert client.run_action({"action": "list_voices"})["type"] == "voices"
        assert _wait_for_end(endpoint, since)[0] == 0


def test_a_job_that_does_not_fit_is_refused_before_it_is_begun(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="8") as (endpoint, client):
        time.sleep(0.3)
        since = _end(endpoint)
        time.sleep(0.3)
        speech = client.speak(SLOW, format="pcm")
        with pytest.raises(RequestFailed) as failed:
            speech.read()
        assert failed.value.code == "shutting_down"
        assert failed.value.may_pass
        assert speech.start is None
        assert _wait_for_end(endpoint, since)[0] == 0


def test_the_client_sends_a_refused_job_again_and_another_worker_speaks_it(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="0.5") as (endpoint, _):
        time.sleep(0.3)
        since = _end(endpoint)
        time.sleep(0.1)
        with SpeechClient(endpoint.url, timeout=60) as client, client.speak(QUICK, format="pcm") as speech:
            asking = threading.Thread(target=speech.prefetch)
            asking.start()
            assert _wait_for_end(endpoint, since)[0] == 0
            endpoint.restart_worker()
            asking.join(60)
            assert speech.read()
            assert speech.attempts == 2


def test_jobs_keep_coming_while_it_ends_and_none_is_left(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="3") as (endpoint, client):
        outcomes = []

        def ask():
            try:
                client.speak(QUICK, format="pcm", timeout=120).read()
                outcomes.append("spoken")
            except RequestFailed as error:
                outcomes.append(error.code)
            except Exception as error:  # noqa: BLE001
                outcomes.append(type(error).__name__)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads[:6]:
            thread.start()
        time.sleep(0.5)
        since = _end(endpoint)
        for thread in threads[6:]:
            thread.start()
        code, seconds = _wait_for_end(endpoint, since)
        assert code == 0
        assert seconds < 5
        assert _none_was_left(client)
        endpoint.restart_worker()
        for thread in threads:
            thread.join()
        assert set(outcomes) <= {"spoken", "shutting_down"}
        assert outcomes.count("spoken") >= 6


def test_idle_it_ends_within_the_grace_though_its_request_stays_open(tmp_path):
    with running(tmp_path, SHUTDOWN_GRACE_S="1") as (endpoint, _):
        code, seconds = _wait_for_end(endpoint, _end(endpoint))
        assert code == 0
        assert seconds < 19, "it does not wait for the stop poll, which is open for 20 s"


def test_a_stuck_engine_fails_its_jobs_and_its_worker_is_replaced(tmp_path):
    with running(tmp_path, ENGINE_TIMEOUT_S="0.5") as (endpoint, client):
        speeches = [client.speak(f"Please stick {number}.", format="pcm") for number in range(2)]
        since = time.monotonic()
        for speech in speeches:
            with pytest.raises(RequestFailed) as failed:
                list(speech)
            assert failed.value.code == "engine_failure"
            assert "being replaced" in failed.value.message
        code, seconds = _wait_for_end(endpoint, since)
        assert code == 1
        assert seconds < 15


def test_a_job_that_was_cancelled_while_it_was_posted_is_over_at_once(tmp_path):
    """The SDK keeps its task, and the task its generator, until another job has run."""
    with running(tmp_path, SHUTDOWN_GRACE_S="20") as (endpoint, client):
        with client.speak(SLOW, format="pcm") as speech:
            next(speech)
        time.sleep(1)
        since = _end(endpoint)
        time.sleep(0.2)
        assert client.speak("Hello.", format="pcm", timeout=15).read()
        code, seconds = _wait_for_end(endpoint, since)
        assert code == 0
        assert seconds < 15
