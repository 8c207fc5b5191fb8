"""VOICE_ALIASES: checked at the start, and holding on every way in."""

import json

import httpx
import pytest
from pydantic import ValidationError
from scripted_engine import ScriptedEngine
from served import served
from websockets.sync.client import connect

from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from worker.handler import JobHandler
from worker.service.service import SpeechService
from worker.settings import Settings, explain_settings
from worker.telemetry.observer import Observer


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("alloy=anna", {"alloy": "anna"}),
        (" alloy = anna , nova=bella,", {"alloy": "anna", "nova": "bella"}),
        ("21m00Tcm4TlvDq8ikWAM=anna", {"21m00Tcm4TlvDq8ikWAM": "anna"}),
        ("Narrator 1=default", {"Narrator 1": "default"}),
        ("alloy=anna,ash=anna", {"alloy": "anna", "ash": "anna"}),
        ("", {}),
    ],
)
def test_aliases_are_read(monkeypatch, value, read):
    monkeypatch.setenv("VOICE_ALIASES", value)
    assert Settings().voice_aliases == read


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("alloy", "write it as name=voice_id"),
        ('{"alloy": "anna"}', "write it as name=voice_id"),
        ("=anna", "has no name"),
        ("alloy=", "is not a valid voice id"),
        ("alloy=Anna", "is not a valid voice id"),
        ("alloy=../anna", "is not a valid voice id"),
        ("alloy=anna=bella", "is not a valid voice id"),
        ("alloy=anna;nova=bella", "is not a valid voice id"),
        ("default=anna", "would hide the built-in voice"),
        ("alloy=anna,alloy=bella", "'alloy' is there 2 times"),
        ("alloy=nova,nova=anna", "leads to an alias"),
        ("alloy=alloy", "leads to an alias"),
    ],
)
def test_aliases_that_cannot_work_are_refused_at_the_start(monkeypatch, value, told):
    monkeypatch.setenv("VOICE_ALIASES", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    explained = explain_settings(caught.value)
    assert explained.startswith("VOICE_ALIASES: ")
    assert told in explained


@pytest.fixture(scope="module")
def aliased(tmp_path_factory, prepared):
    """A server with a voice that has other names."""
    directory = tmp_path_factory.mktemp("voices")
    Publisher(VoiceRegistry.at(directory)).add("anna", prepared, name="Anna")
    aliases = {"nova": "anna", "Narrator 1": "anna", "onyx": "bella"}
    with served(ScriptedEngine(), directory, voice_aliases=aliases, voice_uploads=True) as site:
        yield site


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tts/generate", {"text": "Hello.", "voice_id": "nova"}),
        ("/tts/generate", {"text": "Hello.", "voice": "Narrator 1"}),
        ("/v1/synthesize", {"text": "Hello.", "voice_id": "nova"}),
        ("/v1/synthesize/telephony", {"text": "Hello.", "voice_id": "nova"}),
        ("/v1/audio/speech", {"input": "Hello.", "voice": "nova"}),
        ("/v1/audio/speech", {"input": "Hello.", "voice": {"id": "Narrator 1"}}),
    ],
)
def test_an_alias_speaks_on_every_route(aliased, path, body):
    answer = httpx.post(f"{aliased.url}{path}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-voice-id"] == "anna"
    assert "x-voice-substituted" not in answer.headers


def test_an_alias_speaks_on_the_socket(aliased):
    with connect(f"{aliased.ws_url}/tts/stream") as socket:
        socket.send(json.dumps({"text": "Hello.", "voice_id": "nova", "format": "pcm"}))
        assert json.loads(socket.recv())["voice_id"] == "anna"


def test_an_alias_speaks_in_a_call(aliased):
    start = {
        "event": "start",
        "streamSid": "MZ1",
        "start": {"customParameters": {"text": "Hi.", "voice": "nova"}},
    }
    with connect(f"{aliased.ws_url}/twilio/media") as socket:
        socket.send(json.dumps(start))
        assert json.loads(socket.recv())["event"] == "media"


def test_an_alias_names_the_voice_under_voices_too(aliased, speech):
    told = httpx.get(f"{aliased.url}/voices/nova").json()
    assert (told["voice_id"], told["name"]) == ("anna", "Anna")
    assert httpx.get(f"{aliased.url}/voices/Narrator%201/clip").headers["content-type"] == "audio/flac"
    changed = httpx.patch(f"{aliased.url}/voices/nova", json={"name": "Anne"})
    assert (changed.json()["voice_id"], changed.json()["name"]) == ("anna", "Anne")
    httpx.patch(f"{aliased.url}/voices/anna", json={"name": "Anna"})
    files = {"clip": ("clip.flac", speech.to_flac())}
    hidden = httpx.post(f"{aliased.url}/voices", data={"voice_id": "nova"}, files=files, timeout=60)
    assert (hidden.status_code, hidden.json()["error"]["field"]) == (400, "voice_id")
    assert "alias" in hidden.json()["error"]["message"]


def test_an_alias_of_a_voice_that_is_not_there_says_so(aliased):
    answer = httpx.post(f"{aliased.url}/v1/audio/speech", json={"input": "Hello.", "voice": "onyx"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_voice")
    assert "'bella'" in answer.json()["error"]["message"]


@pytest.mark.anyio
async def test_an_alias_speaks_on_the_queue(tmp_path, prepared):
    registry = VoiceRegistry.at(tmp_path)
    Publisher(registry).add("anna", prepared)
    settings = Settings(voices_dir=(tmp_path,), voice_aliases={"nova": "anna"})
    service = SpeechService(ScriptedEngine(), VoiceLibrary([registry]), settings)
    handler = JobHandler(service, Observer([]), settings.max_result_bytes)
    items = [
        item async for item in handler.handle({"id": "job-1", "input": {"text": "Hi.", "voice": "nova"}})
    ]
    service.close()
    assert items[0]["voice_id"] == "anna"
    assert items[-1]["type"] == "end"
