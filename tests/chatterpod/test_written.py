"""What a language model writes, through both clients: every word is spoken, wherever the text was cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import cut, without_thoughts, words
from scripted_engine import ScriptedEngine
from served import Served, served

from chatterpod import AsyncSpeechClient, InvalidRequest, NothingToSpeak, SpeechClient
from chatterpod.characters import Halves, whole_characters
from chatterpod.sentences import sentences_in
from chatterpod.thoughts import Thoughts
from worker.engine.preview.engine import PreviewEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

Cut = tuple[str, list[str]]


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("voices")) as site:
        yield site


class Speaker:
    """Speaks texts in pieces by one of the clients, and tells what was spoken and skipped."""

    def __init__(self, url: str) -> None:
        self._client = SpeechClient.http(url)
        self._async_client = AsyncSpeechClient.http(url)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._client.close()
        self._runner.run(self._async_client.close())
        self._runner.close()

    def whole(self, text: str, **options: Any) -> None:
        assert self._client.speak(text, format="pcm", **options).read()

    def by_threads(self, pieces: list[str], **options: Any) -> tuple[str, tuple[str, ...]]:
        with self._client.speak_pieces(pieces, **options) as speech:
            list(speech)
            return speech.spoken, speech.skipped

    def by_event_loop(self, pieces: list[str], **options: Any) -> tuple[str, tuple[str, ...]]:
        async def speak() -> tuple[str, tuple[str, ...]]:
            async with self._async_client.speak_pieces(pieces, **options) as speech:
                _ = [audio async for audio in speech]
                return speech.spoken, speech.skipped

        return self._runner.run(speak())


@pytest.fixture(scope="module")
def speaker(site: Served) -> Iterator[Speaker]:
    with contextlib.closing(Speaker(site.url)) as speaker:
        yield speaker


CLIENTS = pytest.mark.parametrize("client", ["by_threads", "by_event_loop"])


@CLIENTS
@settings(max_examples=15)
@given(written=cut())
def test_wherever_it_is_cut_every_word_of_it_is_spoken(
    speaker: Speaker, engine: ScriptedEngine, client: str, written: Cut
) -> None:
    text, pieces = written
    kept = without_thoughts(text)
    engine.asked.clear()
    speaker.whole(kept, normalize=False)
    whole = Counter(words(" ".join(asked for asked, _ in engine.asked)))
    engine.asked.clear()
    spoken, skipped = getattr(speaker, client)(pieces, normalize=False)
    assert Counter(words(" ".join(asked for asked, _ in engine.asked))) == whole
    assert words(spoken) == words(kept)
    assert not words("".join(skipped))


@CLIENTS
def test_what_is_not_spoken_is_told(speaker: Speaker, client: str) -> None:
    speak = getattr(speaker, client)
    spoken, skipped = speak(["Hello. \x1b[3", "1m\n\n", "Bye! ", "\ud83d", "\ude00"])
    assert spoken == "Hello. Bye! "
    assert skipped == ("\x1b[31m\n\n", "\U0001f600")
    assert speak(["<think>I nev", "er end."]) == ("", ("<think>I never end.",))
    spoken, skipped = speak(["<br>\n\n", "Two.\n\n", "\x1b[31m\x1b[0m\n\nThree."])
    assert spoken == "Two.\n\nThree."
    assert skipped == ("<br>\n\n", "\x1b[31m\x1b[0m\n\n")


@CLIENTS
def test_no_refusal_is_swallowed(speaker: Speaker, client: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        getattr(speaker, client)(["One. ", "Two."], speed=9)
    assert refused.value.field == "speed"
    assert not isinstance(refused.value, NothingToSpeak)


def test_a_whole_text_without_a_word_is_refused_by_its_own_error(speaker: Speaker) -> None:
    for text in ("...", "<br>", "\ud800", "\x1b[31m"):
        with pytest.raises(NothingToSpeak):
            speaker.whole(text)
    speaker.whole("Half \ud83d a pair.")


def test_every_word_has_a_moment_of_the_audio(tmp_path_factory: pytest.TempPathFactory) -> None:
    text = "Ring\u0007 the bell. It\u0092s \x1b[1mbold\x1b[0m. Smile \U0001f600 now. The end"
    skipped: list[str] = []
    with (
        served(PreviewEngine(), tmp_path_factory.mktemp("voices")) as site,
        SpeechClient.http(site.url) as client,
    ):
        for sentence in sentences_in(list(text), skipped.append):
            speech = client.speak(sentence, format="pcm")
            assert speech.read()
            told = {place for span in speech.timeline for place in range(span.start, span.end)}
            assert {place for place, each in enumerate(sentence) if each.isalpha()} <= told
    assert skipped == []


@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=5), max_size=8))
def test_halves_are_joined_over_pieces(pieces: list[str]) -> None:
    halves = Halves()
    joined = "".join(map(halves.feed, pieces)) + halves.end()
    joined.encode()
    assert joined == whole_characters("".join(pieces))


@given(cut())
def test_thoughts_and_text_together_are_what_came(written: Cut) -> None:
    text, pieces = written
    thoughts, halves = Thoughts(), Halves()
    runs = [run for piece in pieces for run in thoughts.feed(halves.feed(piece))] + list(thoughts.end())
    assert "".join(run.text for run in runs) == text
    kept = without_thoughts(text)
    assert words("".join(run.text if not run.is_thought else " " for run in runs)) == words(kept)
