"""The same client for event loops: over the queue and over HTTP, whole, left early, cancelled."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from scripted import BASE, KEY, UNKNOWN_VOICE, Script, audio, end, finish, poll, start, whole
from scripted_engine import ScriptedEngine
from served import Served, served

from chatterpod import (
    AsyncSpeechClient,
    DeadlineExceeded,
    EndpointUnreachable,
    JobCancelled,
    Overloaded,
    ResultElsewhere,
    StreamGap,
    UnknownVoice,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local_runpod import LocalEndpoint

pytestmark = pytest.mark.anyio
LONG = "This is a sentence that is spoken. " * 30


def scripted(script: Script, **options: Any) -> AsyncSpeechClient:
    return AsyncSpeechClient(BASE, KEY, transport=httpx.MockTransport(script), **options)


@pytest.fixture(scope="module")
def slow_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(ScriptedEngine(block_delay_s=0.05), tmp_path_factory.mktemp("voices")) as site:
        yield site


class TestOnTheQueue:
    async def test_pieces_come_as_they_arrive(self) -> None:
        events = whole(2)
        script = Script(poll(*events[:2]), poll(*events[2:], status="COMPLETED"))
        async with scripted(script) as client, client.speak("Hi.", voice_id="anna") as speech:
            assert script.count("run") == 1
            assert await anext(speech) == b"abc"
            assert script.count("stream") == 1
            assert [piece async for piece in speech] == [b"abc"]
            assert speech.metrics == {"ttfa_ms": 12.5}
        assert script.count("cancel") == 0

    async def test_it_can_be_read_without_a_block(self) -> None:
        assert await scripted(finish(*whole())).speak("Hi.").read() == b"abcabc"

    async def test_save_writes_the_whole_file_or_none(self, tmp_path: Path) -> None:
        path = await scripted(finish(*whole())).speak("Hi.").save(tmp_path / "hi.mp3")
        assert path.read_bytes() == b"abcabc"
        with pytest.raises(StreamGap):
            await scripted(finish(start(), audio(1))).speak("Hi.").save(tmp_path / "no.mp3")
        elsewhere = finish(start(), end(b"", 0, result={"path": "x"}))
        with pytest.raises(ResultElsewhere):
            await scripted(elsewhere).speak("Hi.").save(tmp_path / "no.mp3")
        assert list(tmp_path.iterdir()) == [path]  # noqa: ASYNC240 - of a test

    async def test_leaving_early_cancels_the_job(self) -> None:
        script = Script(poll(start(), audio(0)), poll())
        async with scripted(script).speak("Hi.") as speech:
            await anext(speech)
        assert script.count("cancel") == 1

    async def test_a_cancelled_task_cancels_the_job(self) -> None:
        script = Script(poll(status="IN_QUEUE"))

        async def speak() -> None:
            async with scripted(script).speak("Hi.") as speech:
                await speech.read()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(speak(), 0.2)
        assert script.count("cancel") == 1

    async def test_another_task_cancels_at_once(self) -> None:
        script = Script(poll(status="IN_QUEUE"))
        speech = scripted(script).speak("Hi.")
        reading = asyncio.create_task(speech.read())
        await asyncio.sleep(0.1)
        await speech.cancel()
        with pytest.raises(JobCancelled):
            await reading
        assert script.count("cancel") == 1

    async def test_errors_repeats_and_deadlines_are_those_of_the_other_client(self) -> None:
        with pytest.raises(UnknownVoice):
            await scripted(finish(status="FAILED", error=UNKNOWN_VOICE)).speak("Hi.").read()
        script = Script(poll(whole()[0]), httpx.ReadError("reset"), poll(*whole()[1:]))
        assert await scripted(script).speak("Hi.").read() == b"abcabc"
        with pytest.raises(EndpointUnreachable):
            await scripted(Script(run=[httpx.ReadTimeout("slow")])).speak("Hi.").read()
        with pytest.raises(DeadlineExceeded):
            await scripted(Script(poll(status="IN_QUEUE")), timeout=0.2).speak("Hi.").read()

    async def test_actions_health_and_readiness_answer(self) -> None:
        script = finish({"voices": ["anna"]})
        script.answers["health"] = [{"jobs": {}, "workers": {}}]
        client = scripted(script)
        assert await client.run_action({"action": "list_voices"}) == {"voices": ["anna"]}
        assert await client.health() == {"jobs": {}, "workers": {}}
        await client.wait_until_ready()

    async def test_many_at_once_each_get_their_own_audio(self, endpoint: LocalEndpoint) -> None:
        async with AsyncSpeechClient(endpoint.url, timeout=30) as client:
            speeches = [client.speak("Hi.", chunks=chunks, pause=0.02) for chunks in range(1, 9)]
            audio = await asyncio.gather(*(speech.read() for speech in speeches))
        assert [len(each) for each in audio] == [4800 * chunks for chunks in range(1, 9)]


class TestOverHttp:
    async def test_speech_comes_whole_and_as_it_is_made(self, slow_site: Served) -> None:
        async with (
            AsyncSpeechClient.http(slow_site.url) as client,
            client.speak("Hello there. " * 4, format="pcm") as speech,
        ):
            first = await anext(speech)
            assert speech.end is None
            rest = await speech.read()
        assert speech.end is not None
        assert (len(first) + len(rest)) / 48_000 == pytest.approx(speech.end.audio_seconds)

    async def test_leaving_early_frees_the_slot(self, slow_site: Served) -> None:
        async with AsyncSpeechClient.http(slow_site.url) as client:
            async with client.speak(LONG, format="pcm") as speech:
                await anext(speech)
            assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 0, 2)

    async def test_a_cancelled_task_frees_the_slot(self, slow_site: Served) -> None:
        async with AsyncSpeechClient.http(slow_site.url) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.speak(LONG, format="pcm").read(), 0.3)
            assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 0, 2)

    async def test_another_task_cancels_before_any_audio_too(self, slow_site: Served) -> None:
        async with AsyncSpeechClient.http(slow_site.url) as client:
            speech = client.speak(LONG, format="wav", stream=False)
            reading = asyncio.create_task(speech.read())
            assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 1, 2)
            began = time.monotonic()
            await speech.cancel()
            with pytest.raises(JobCancelled):
                await reading
            assert time.monotonic() - began < 1
            assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 0, 2)

    async def test_an_error_is_typed(self, slow_site: Served) -> None:
        async with AsyncSpeechClient.http(slow_site.url) as client:
            with pytest.raises(UnknownVoice):
                await client.speak("Hi.", voice_id="eve").read()
            assert (await client.health())["status"] == "ready"

    async def test_overload_is_come_back_from(self) -> None:
        busy = {"error": {"code": "overloaded", "message": "Full.", "field": None, "retry_after_s": 0.1}}
        asked = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(time.monotonic())
            return httpx.Response(503, json=busy, headers={"Retry-After": "60"})

        client = AsyncSpeechClient.http(BASE, transport=httpx.MockTransport(answer), retries=1)
        with pytest.raises(Overloaded, match="Full"):
            await client.speak("Hi.").read()
        assert len(asked) == 2
        assert 0.1 <= asked[1] - asked[0] < 5
