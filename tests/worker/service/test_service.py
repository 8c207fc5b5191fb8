"""The service: any job input in, events or one typed error out."""

import asyncio

import pytest
from scripted_engine import ScriptedEngine

from voices.errors import ChatterpodError
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.errors import EngineFailure
from worker.events import EndEvent, HealthEvent, VoicePreparedEvent, VoicesEvent
from worker.request import Arrival
from worker.service.service import SpeechService
from worker.settings import Settings

pytestmark = pytest.mark.anyio


class FailingEngine(ScriptedEngine):
    """Fails on the word "fail", as a model might."""

    def stream(self, text, conditionals, options, cancelled):
        yield from super().stream(text, conditionals, options, cancelled)
        if "fail" in text:
            raise RuntimeError("CUDA error: /secret/path")


@pytest.fixture
def service(registry):
    service = SpeechService(FailingEngine(), VoiceLibrary([registry]), Settings(max_concurrency=4))
    yield service
    service.close()


async def _ask(service, job_input, request_id="r1"):
    return [event async for event in service.respond(job_input, Arrival(request_id))]


async def test_many_requests_at_once_each_get_their_own_speech(service):
    texts = ["word " * (10 + number) for number in range(20)]
    answers = await asyncio.gather(*(_ask(service, {"text": text}, f"r{len(text)}") for text in texts))
    for text, (start, *_, end) in zip(texts, answers, strict=True):
        assert start.request_id == f"r{len(text)}"
        assert end.audio_seconds == pytest.approx(len(text.strip()) * 0.01, abs=0.02)


async def test_an_engine_that_fails_harms_no_other_request(service):
    failed, spoken = await asyncio.gather(
        _ask(service, {"text": "please fail"}, "r7"), _ask(service, {"text": "fine"}), return_exceptions=True
    )
    assert isinstance(failed, EngineFailure)
    assert "r7" in failed.message
    assert "secret" not in failed.message
    assert isinstance(spoken[-1], EndEvent)


async def test_list_voices_tells_of_damaged_ones_too(service, registry, prepared):
    Publisher(registry).add("anna", prepared, name="Anna", labels={"mood": "calm"})
    registry.store.write("bob/voice.json", b"{")
    [event] = await _ask(service, {"action": "list_voices"})
    assert isinstance(event, VoicesEvent)
    anna, bob = event.voices
    assert anna == {
        "voice_id": "anna",
        "name": "Anna",
        "language": "en",
        "labels": {"mood": "calm"},
        "precomputed": False,
    }
    assert bob["error"]["code"] == "voice_corrupt"


async def test_many_voices_are_listed_page_by_page(service, registry, prepared):
    publisher = Publisher(registry)
    for number in range(7):
        publisher.add(f"v{number}", prepared)
    pages, after = [], {}
    while not pages or pages[-1].next is not None:
        pages += await _ask(service, {"action": "list_voices", "limit": 3, **after})
        after = {"after": pages[-1].next}
    assert [len(page.voices) for page in pages] == [3, 3, 1]
    assert [each["voice_id"] for page in pages for each in page.voices] == list(registry.ids())


async def test_a_page_of_voices_stays_below_what_a_chunk_may_carry(service, registry, prepared):
    most = {f"story-{number}": "\u00e9" * 500 for number in range(50)}  # of six bytes each, as JSON has it
    for number in range(4):
        Publisher(registry).add(f"v{number}", prepared, labels=most)
    [page] = await _ask(service, {"action": "list_voices"})
    assert len(page.voices) == 3
    assert page.next == "v2"


async def test_a_voice_can_be_prepared_before_it_is_spoken(service, registry, prepared):
    Publisher(registry).add("anna", prepared)
    first, second = [await _ask(service, {"action": "prepare_voice", "voice_id": "anna"}) for _ in range(2)]
    assert isinstance(first[0], VoicePreparedEvent)
    assert [first[0].voice_cache, second[0].voice_cache] == ["computed", "hit"]


async def test_preparing_a_bare_clip_tells_what_is_wrong_with_it(service, registry, speech):
    whole = speech.to_flac()
    registry.store.write("bare.flac", whole[: len(whole) * 9 // 10])
    [event] = await _ask(service, {"action": "prepare_voice", "voice_id": "bare"})
    assert "It is damaged or cut short" in event.as_json()["warnings"][0]


async def test_health_counts(service, registry, prepared):
    Publisher(registry).add("anna", prepared)
    [event] = await _ask(service, {"action": "health"})
    assert isinstance(event, HealthEvent)
    assert (event.engine, event.voices, event.cached_voices, event.active_requests) == ("scripted", 1, 0, 1)


async def test_bad_input_is_a_typed_error(service):
    with pytest.raises(ChatterpodError, match="text is required"):
        await _ask(service, {})


async def test_two_hundred_first_requests_for_a_voice_load_it_once(registry, prepared, monkeypatch):
    Publisher(registry).add("anna", prepared)
    engine = ScriptedEngine()
    service = SpeechService(engine, VoiceLibrary([registry]), Settings(max_concurrency=200))
    prepare, prepared_clips = engine.prepare, []

    def count(clip, prompt_seconds):
        prepared_clips.append(clip)
        return prepare(clip, prompt_seconds)

    monkeypatch.setattr(engine, "prepare", count)
    asked = {"text": "Hello.", "voice_id": "anna"}
    answers = await asyncio.gather(*(_ask(service, asked, f"r{number}") for number in range(200)))
    service.close()
    assert len(prepared_clips) == 1
    sources = [answer[-1].metrics.voice_cache for answer in answers]
    assert sources.count("computed") == 1
    assert sources.count("hit") == 199
    assert registry.get("anna").manifest.fingerprints == [engine.fingerprint]
