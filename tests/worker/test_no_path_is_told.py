"""What fails in a worker is told to its clients without a path of its machine; people there are told it."""

import asyncio
import json
from contextlib import closing

import httpx
import pytest
from full_disk import full_disk
from scripted_engine import ScriptedEngine
from served import served

from voices.errors import ChatterpodError, StoreFailure
from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.engine.chatterbox.failure import blaming
from worker.engine.chatterbox.tokenizer import TextTokenizer
from worker.engine.checkpoint import require_checkpoint
from worker.handler import JobHandler
from worker.service.service import SpeechService
from worker.service.unable import Unable
from worker.settings import Settings
from worker.telemetry.observer import Observer

TEXT = "This is a sentence, and it is as long as the others are. " * 20


def _loop(path):
    path.symlink_to(path.name)


def _break_voice(root):
    (root / "voices" / "anna" / "voice.json").unlink()
    (root / "voices" / "anna" / "voice.json").mkdir()


def _break_conditionals(root):
    next((root / "voices" / "anna").glob("*.flac")).write_bytes(b"damaged")


def _break_voices(root):
    (root / "voices").rename(root / "away")
    _loop(root / "voices")


def _break_results(root):
    (root / "results").write_bytes(b"")


def _break_parts(root):
    (root / "results").mkdir()
    _loop(root / "results" / ".parts")


def _hold(root):
    folder = root / "results" / ".parts" / "book"
    folder.mkdir(parents=True)
    (folder / "claim-0.json").write_text("{}")


BROKEN = {
    "a manifest that is a directory": (_break_voice, {"voice_id": "anna"}, "store_failure"),
    "a damaged clip": (_break_conditionals, {"voice_id": "anna"}, "voice_corrupt"),
    "voices that cannot be reached": (_break_voices, {"voice_id": "anna"}, "store_failure"),
    "results that are a file": (_break_results, {}, "store_failure"),
    "parts that cannot be kept": (_break_parts, {"resume": "book"}, "store_failure"),
    "a job that another has": (_hold, {"resume": "book"}, "resume_busy"),
}


@pytest.fixture
def root(tmp_path, prepared):
    Publisher(VoiceRegistry.at(tmp_path / "voices")).add("anna", prepared)
    return tmp_path


def _settings(root):
    return {"results_dir": root / "results", "max_result_mb": 0.01, "write_back": False}


def _ask_queue(service, job_input):
    handler = JobHandler(service, Observer([]), 1 << 20)

    async def ask():
        return [item async for item in handler.handle({"id": "job-1", "input": job_input})]

    return json.loads(asyncio.run(ask())[-1]["error"])


def _service(root):
    settings = Settings(voices_dir=(root / "voices",), **_settings(root))
    return SpeechService(ScriptedEngine(), VoiceLibrary.at(root / "voices"), settings)


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"results that are a file"}))  # it stores none
def test_over_http(root, name):
    harm, fields, code = BROKEN[name]
    with served(ScriptedEngine(), root / "voices", **_settings(root)) as site:
        harm(root)
        body = {"text": TEXT, "format": "wav", "stream": False, **fields}
        ours = httpx.post(f"{site.url}/tts/generate", json=body, timeout=60)
    assert ours.json()["error"]["code"] == code
    assert str(root) not in ours.text


@pytest.mark.parametrize("name", BROKEN)
def test_on_the_queue(root, name):
    harm, fields, code = BROKEN[name]
    with closing(_service(root)) as service:
        harm(root)
        error = _ask_queue(service, {"text": TEXT, "format": "wav", "stream": False, **fields})
    assert error["code"] == code
    assert str(root) not in str(error)


def test_on_a_full_disk(root):
    with closing(_service(root)) as service, full_disk(50_000):
        error = _ask_queue(service, {"text": TEXT, "format": "wav"})
    assert error["message"] == "Could not write the result to RESULTS_DIR: File too large."


def test_a_voice_that_cannot_be_written(root, clip_file):
    with served(ScriptedEngine(), root / "voices", voice_uploads=True) as site:
        (root / "voices" / "bella").write_bytes(b"")
        with clip_file.open("rb") as clip:
            answer = httpx.post(
                f"{site.url}/voices", data={"voice_id": "bella"}, files={"clip": clip}, timeout=60
            )
        listed = httpx.get(f"{site.url}/voices")
    assert answer.json()["error"]["code"] == "store_failure"
    assert "VOICES_DIR" in answer.json()["error"]["message"]
    assert str(root) not in answer.text + listed.text


def _missing(root):
    require_checkpoint(root / "nowhere")


def _incomplete(root):
    (root / "model").mkdir(exist_ok=True)
    require_checkpoint(root / "model")


def _nowhere(root):
    require_checkpoint(None, runpod_cache=root / "runpod", hub_cache=root / "hub", download=False)


def _no_tokenizer(root):
    TextTokenizer(root, 1)


def _damaged(root):
    with blaming(root / "t3.safetensors"):
        raise ValueError


@pytest.mark.parametrize("start", [_missing, _incomplete, _nowhere, _no_tokenizer, _damaged])
def test_an_engine_that_cannot_be_loaded(root, start):
    with pytest.raises(ChatterpodError) as caught:
        start(root)
    assert str(root) in caught.value.message
    told = _ask_queue(Unable(caught.value), {"text": "Hello."})
    assert told["code"] == "engine_failure"
    with served(lambda: start(root), root / "voices") as site:
        answers = [
            httpx.get(f"{site.url}/health"),
            httpx.get(f"{site.url}/ping"),
            httpx.post(f"{site.url}/tts/generate", json={"text": "Hello."}),
            httpx.post(f"{site.url}/v1/audio/speech", json={"input": "Hello.", "voice": "alloy"}),
        ]
    assert answers[0].json()["error"] == told
    assert str(root) not in str(told) + "".join(answer.text for answer in answers)


def test_people_at_the_machine_are_told_the_path(root):
    _break_voices(root)
    with pytest.raises(StoreFailure) as caught:
        VoiceRegistry.at(root / "voices").get("anna")
    assert str(root / "voices") in caught.value.as_dict()["message"]
    assert "VOICES_DIR" in caught.value.for_clients()["message"]
