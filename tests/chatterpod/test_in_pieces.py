"""A text is spoken while it is being written: in order, one sentence ahead, until interrupted."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from scripted import KEY
from scripted_engine import ScriptedEngine
from served import Served, served
from timed import after

from chatterpod import AsyncSpeechClient, JobCancelled, SpeechClient, UnknownVoice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from local_runpod import LocalEndpoint

SENTENCES = ["Hello there. ", "This is the second one. ", "And this, Dr. Who, is the last."]
WRITTEN = ["Hel", "lo there. Th", "is is the second", " one. And this, Dr", ". Who, is the last."]


class Site(Served):
    engine: ScriptedEngine

    @property
    def asked(self) -> list[str]:
        """The texts that the engine was given."""
        return [text for text, _ in self.engine.asked]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from _site(tmp_path, 0.0)


@pytest.fixture
def slow_site(tmp_path: Path) -> Iterator[Site]:
    yield from _site(tmp_path, 0.05)


def _site(folder: Path, block_delay_s: float) -> Iterator[Site]:
    engine = ScriptedEngine(block_delay_s=block_delay_s)
    with served(engine, folder) as site:
        site.__class__ = Site
        site.engine = engine  # type: ignore[attr-defined]
        yield site  # type: ignore[misc]


def slowly(pieces: list[str], pause_s: float = 0.1) -> Iterator[str]:
    for piece in pieces:
        time.sleep(pause_s)
        yield piece


async def slowly_async(pieces: list[str], pause_s: float = 0.1) -> AsyncIterator[str]:
    for piece in pieces:
        await asyncio.sleep(pause_s)
        yield piece


def alone(client: SpeechClient, sentences: list[str], **options: Any) -> bytes:
    return b"".join(client.speak(each, format="pcm", **options).read() for each in sentences)


class TestThreads:
    def test_all_of_it_is_spoken_in_order_with_one_seed(self, site: Site) -> None:
        with SpeechClient.http(site.url) as client:
            with client.speak_pieces(WRITTEN, normalize=False) as speech:
                audio = b"".join(speech)
            assert site.asked == [each.strip() for each in SENTENCES]
            assert len({options.seed for _, options in site.engine.asked}) == 1
            assert audio == alone(client, SENTENCES, normalize=False)
            assert speech.spoken == "".join(SENTENCES)
            assert speech.seconds == pytest.approx(len(audio) / 48_000)
            assert speech.start is not None
            assert speech.start.sample_rate == 24_000

    def test_a_sentence_is_heard_before_the_next_is_written(self, site: Site) -> None:
        written = threading.Event()

        def writing() -> Iterator[str]:
            yield "One is here. T"
            assert written.wait(10)
            yield "wo is."

        with SpeechClient.http(site.url) as client, client.speak_pieces(writing()) as speech:
            assert next(speech)
            assert not written.is_set()
            written.set()
            assert list(speech)

    def test_the_next_sentence_is_made_while_one_plays_and_no_more(self, site: Site) -> None:
        written = ["One is here. ", "Two is here. ", "Three is here. ", "Four."]
        with SpeechClient.http(site.url) as client, client.speak_pieces(written) as speech:
            next(speech)
            assert site.wait_until(lambda: len(site.asked) == 2, 5)
            time.sleep(0.2)
            assert len(site.asked) == 2

    def test_a_barge_in_stops_all_of_it_at_once(self, slow_site: Site) -> None:
        written = ["This is quite a long sentence, " * 8 + "you see. ", "And another. ", "A third."]
        with SpeechClient.http(slow_site.url) as client:
            with client.speak_pieces(slowly(written)) as speech:
                next(speech)
                with after(0.3, speech.cancel), pytest.raises(JobCancelled):
                    list(speech)
                assert slow_site.wait_until(lambda: slow_site.active == 0, 2)
            assert speech.spoken == written[0]
            assert "A third." not in slow_site.asked

    def test_leaving_early_stops_all_of_it(self, slow_site: Site) -> None:
        written = ["This is quite a long sentence, " * 8 + "you see. ", "And another. ", "A third."]
        with SpeechClient.http(slow_site.url) as client:
            with client.speak_pieces(written) as speech:
                next(speech)
            assert slow_site.wait_until(lambda: slow_site.active == 0, 2)
            assert not speech._reader.is_alive()

    def test_what_goes_wrong_is_raised_in_its_place(self, site: Site) -> None:
        def writing() -> Iterator[str]:
            yield "One is here. Two is"
            raise ConnectionError("the model is gone")

        with SpeechClient.http(site.url) as client:
            with client.speak_pieces(writing()) as speech:
                assert next(speech)
                with pytest.raises(ConnectionError, match="gone"):
                    list(speech)
            with client.speak_pieces(WRITTEN, voice_id="eve") as speech, pytest.raises(UnknownVoice):
                next(speech)

    def test_a_sentence_with_nothing_to_say_is_passed_over(self, site: Site) -> None:
        with SpeechClient.http(site.url) as client:
            with client.speak_pieces(["One. ", "<br>\n\n", "Two.", " ---"]) as speech:
                assert list(speech)
            assert site.asked == ["One.", "Two."]
            with client.speak_pieces(["--- "]) as speech:
                assert list(speech) == []

    @pytest.mark.parametrize("name", ["wav", "flac", "opus_48000_64"])
    def test_a_format_that_cannot_be_joined_is_refused(self, name: str) -> None:
        with SpeechClient.http("http://endpoint.test", KEY) as client:
            with pytest.raises(ValueError, match=f"format: {name} files cannot be joined"):
                client.speak_pieces(WRITTEN, format=name)
            client.speak_pieces(WRITTEN, format="mp3_44100_128")

    def test_it_speaks_over_the_queue_too(self, endpoint: LocalEndpoint) -> None:
        with (
            SpeechClient(endpoint.url, timeout=60) as client,
            client.speak_pieces(slowly(WRITTEN, 0.02), chunks=2) as speech,
        ):
            audio = b"".join(speech)
        assert audio == (bytes(4800) + bytes([1]) * 4800) * 3


@pytest.mark.anyio
class TestEventLoops:
    async def test_all_of_it_is_spoken_in_order_with_one_seed(self, site: Site) -> None:
        async with (
            AsyncSpeechClient.http(site.url) as client,
            client.speak_pieces(slowly_async(WRITTEN, 0.01), seed=7, normalize=False) as speech,
        ):
            audio = b"".join([piece async for piece in speech])
        assert site.asked == [each.strip() for each in SENTENCES]
        assert {options.seed for _, options in site.engine.asked} == {7}
        assert speech.spoken == "".join(SENTENCES)
        assert speech.seconds == pytest.approx(len(audio) / 48_000)

    async def test_a_barge_in_stops_all_of_it_at_once(self, slow_site: Site) -> None:
        written = ["This is quite a long sentence, " * 8 + "you see. ", "And another. ", "A third."]
        async with (
            AsyncSpeechClient.http(slow_site.url) as client,
            client.speak_pieces(slowly_async(written)) as speech,
        ):
            await anext(speech)

            async def interrupt() -> None:
                await asyncio.sleep(0.3)
                await speech.cancel()

            interrupting = asyncio.create_task(interrupt())
            with pytest.raises(JobCancelled):
                async for _ in speech:
                    pass
            await interrupting
            assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 0, 2)
        assert speech.spoken == written[0]

    async def test_a_cancelled_task_stops_all_of_it(self, slow_site: Site) -> None:
        async def speak() -> None:
            async with (
                AsyncSpeechClient.http(slow_site.url) as client,
                client.speak_pieces(["This is quite a long sentence, " * 12, "you see."]) as speech,
            ):
                async for _ in speech:
                    pass

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(speak(), 0.5)
        assert await asyncio.to_thread(slow_site.wait_until, lambda: slow_site.active == 0, 2)

    async def test_what_goes_wrong_is_raised_as_itself(self, site: Site) -> None:
        async def writing() -> AsyncIterator[str]:
            yield "One is here. Two is"
            raise ConnectionError("the model is gone")

        async with AsyncSpeechClient.http(site.url) as client:
            async with client.speak_pieces(writing()) as speech:
                assert await anext(speech)
                with pytest.raises(ConnectionError, match="gone"):
                    async for _ in speech:
                        pass
            with pytest.raises(UnknownVoice):
                async with client.speak_pieces(WRITTEN, voice_id="eve") as speech:
                    await anext(speech)
            with pytest.raises(KeyError):
                async with client.speak_pieces(WRITTEN) as speech:
                    raise KeyError
