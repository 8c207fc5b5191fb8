"""A hanging volume: FIFOs in place of its files block the request that opens them, and no other."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from scripted_engine import ScriptedEngine
from served import audio_of, served
from volumes import volume

from voices.publication import Publisher
from voices.registry import VoiceRegistry

pytestmark = pytest.mark.process

LIMIT_S = 0.5
THREADS = 8
"""That HTTP may ask the store by."""


@pytest.fixture
def mounted(tmp_path):
    with volume(tmp_path / "voices") as mounted:
        yield mounted


@pytest.fixture
def root(mounted, prepared):
    """A registry with one voice."""
    Publisher(VoiceRegistry.at(mounted.root)).add(
        "anna", prepared, [ScriptedEngine().prepare(prepared.clip)], name="Anna"
    )
    return mounted.root


@pytest.fixture
def site(root):
    with served(
        ScriptedEngine(), root, store_timeout_s=LIMIT_S, voice_uploads=True, max_concurrency=1, max_waiting=1
    ) as site:
        yield site
        release(root)


def hang(file):
    """Let each opening of a file wait for ever, as on a volume that does not answer."""
    file.unlink(missing_ok=True)
    file.parent.mkdir(exist_ok=True)
    os.mkfifo(file)


def release(root):
    """Let go of all who wait."""
    while held():
        for path in root.rglob("*"):
            if path.is_fifo():
                try:
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                except OSError:  # nobody reads it now
                    threading.Event().wait(0.001)


def held():
    """Count the threads that wait for the store."""
    return sum(thread.name == "errand" for thread in threading.enumerate())


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def speak(site, voice_id="default"):
    return httpx.post(f"{site.url}/tts/generate", json={"text": "Hello.", "voice_id": voice_id}, timeout=60)


def test_each_route_ends_with_store_failure_and_none_takes_a_slot_of_speech(site, root):
    hang(root / "bob" / "voice.json")
    url, timeout = f"{site.url}/voices", 60
    asks = (
        lambda: httpx.get(url, timeout=timeout),
        lambda: httpx.get(f"{url}/bob", timeout=timeout),
        lambda: httpx.get(f"{url}/bob/clip", timeout=timeout),
        lambda: httpx.patch(f"{url}/bob", json={"name": "Bob"}, timeout=timeout),
        lambda: speak(site, "bob"),
    )
    for ask in asks * 2:
        told = ask()
        assert code_of(told) == (503, "store_failure")
        assert int(told.headers["retry-after"]) > 0
        assert str(root) not in told.text
        assert site.active == 0
    assert held() <= len(asks), "what hangs is not asked again"
    assert audio_of(site, text="Hello.", voice_id="anna")
    assert httpx.get(f"{site.url}/ping").status_code == 200, "other voices can be read"


def test_many_that_wait_at_once_hold_few_threads_and_no_speech_up(site, root):
    for number in range(2 * THREADS):
        hang(root / f"voice-{number}" / "voice.json")
    with ThreadPoolExecutor(2 * THREADS) as clients:
        waiting = [
            clients.submit(httpx.get, f"{site.url}/voices/voice-{number}", timeout=60)
            for number in range(2 * THREADS)
        ]
        assert speak(site).status_code == 200
        assert httpx.get(f"{site.url}/health").json()["status"] == "ready"
        codes = {code_of(each.result())[1] for each in waiting}
    assert codes <= {"store_failure", "overloaded"}
    assert held() <= THREADS
    assert site.active == 0
    told = httpx.get(f"{site.url}/voices/anna", timeout=60)
    assert code_of(told) == (503, "store_failure"), "no thread is left to ask by"
    assert audio_of(site, text="Hello.", voice_id="anna"), "which speech has of its own"


def test_a_voice_in_memory_is_spoken_while_its_store_hangs(site, root):
    assert speak(site, "anna").status_code == 200
    hang(root / "anna" / "voice.json")
    for _ in range(3):
        assert speak(site, "anna").status_code == 200
    assert held() == 1
    assert site.active == 0


def test_a_store_that_is_gone_is_told_and_a_voice_in_memory_is_spoken(site, root, mounted):
    assert speak(site, "anna").status_code == 200
    assert site.wait_until(lambda: httpx.get(f"{site.url}/ping").status_code == 200)
    mounted.take_away()
    assert speak(site, "anna").status_code == 200
    assert code_of(speak(site, "bob")) == (503, "store_failure")
    assert code_of(httpx.get(f"{site.url}/voices")) == (503, "store_failure")
    assert site.wait_until(lambda: httpx.get(f"{site.url}/ping").status_code == 503, 30)
    assert code_of(httpx.get(f"{site.url}/ping")) == (503, "store_failure")
    health = httpx.get(f"{site.url}/health").json()
    assert (health["status"], health["voices"]) == ("ready", None)
    assert health["store_error"]["code"] == "store_failure"
    assert str(root) not in health["store_error"]["message"]
    mounted.bring_back()
    assert site.wait_until(lambda: httpx.get(f"{site.url}/ping").status_code == 200, 30)


def test_a_client_that_leaves_ends_the_wait(root):
    with served(ScriptedEngine(), root, store_timeout_s=600, voice_uploads=True) as site:
        hang(root / "bob" / "voice.json")
        for path in ("/voices", "/voices/bob", "/voices/bob/clip"):
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{site.url}{path}", timeout=0.3)
        assert site.wait_until(lambda: not site._server.server_state.tasks), "nobody waits any more"
        assert 0 < held() <= 3
        release(root)
        assert speak(site, "anna").status_code == 200


def test_an_upload_whose_client_has_left_keeps_no_place(root, speech):
    def upload(voice_id, timeout):
        files = [("clip", ("clip.flac", speech.to_flac(), "audio/flac"))]
        return httpx.post(f"{site.url}/voices", data={"voice_id": voice_id}, files=files, timeout=timeout)

    with served(ScriptedEngine(), root, store_timeout_s=600, voice_uploads=True) as site:
        for number in range(3):  # one more than are decoded at once
            hang(root / f"stuck-{number}" / "claim-0.json")
            with pytest.raises(httpx.ReadTimeout):
                upload(f"stuck-{number}", 4)
        assert upload("eve", 120).status_code == 201
        release(root)
