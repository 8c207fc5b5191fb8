"""The text feed: complete sentences are returned at once, and an endless sentence costs little."""

import asyncio
import threading
import time

import pytest

from worker.errors import Overloaded, TextTooLong
from worker.server.socket.text_feed import TextFeed
from worker.server.waiting import HeldText, WaitingText


def _feed(most):
    return TextFeed(most, HeldText(WaitingText(most, "This test")))


async def _taken(feed, text, until):
    """Feed a text character by character; return what is given out before it is closed, once it is enough."""
    taken, enough = [], asyncio.Event()
    if not until:
        enough.set()

    async def take():
        while (part := await feed.take()) is not None:
            taken.append(part.text)
            if "".join(taken) == until:
                enough.set()

    taking = asyncio.create_task(take())
    for character in text:
        feed.add(character)
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await enough.wait()
    given = list(taken)
    feed.close()
    await taking
    assert "".join(taken) == text
    return given


def test_a_sentence_is_given_out_once_the_next_begins():
    asyncio.run(_taken(_feed(100), "One. Two. Three", until="One. Two. "))


def test_a_long_sentence_in_small_pieces_is_not_read_anew_with_each():
    began = time.process_time()
    assert asyncio.run(_taken(_feed(3_000), "<b>x</b> " * 333, until="")) == []
    assert time.process_time() - began < 7


def _taken_while_looked_at(monkeypatch, begun, meanwhile):
    """Feed "One. Two", do something while it is looked at, and return what is given out then."""
    looking, seen = threading.Event(), threading.Event()

    def look(text):
        looking.set()
        assert seen.wait(30)
        return len("One. ") if text.startswith(begun) else 0

    async def take():
        feed = _feed(100)
        feed.add("One. Two")
        taking = asyncio.create_task(feed.take())
        assert await asyncio.to_thread(looking.wait, 30)
        meanwhile(feed)
        seen.set()
        first = await taking
        feed.close()
        return first.text, (await feed.take()).text, await feed.take()

    monkeypatch.setattr("worker.server.socket.text_feed.complete", look)
    return asyncio.run(take())


def test_the_event_loop_does_not_wait_while_text_is_looked_at(monkeypatch):
    taken = _taken_while_looked_at(monkeypatch, "One. Two", lambda feed: feed.add(" and more"))
    assert taken == ("One. ", "Two and more", None)


def test_what_was_flushed_while_it_was_looked_at_is_given_out_once(monkeypatch):
    def flush(feed):
        feed.flush()
        feed.add(" more")

    assert _taken_while_looked_at(monkeypatch, "One. ", flush) == ("One. Two", " more", None)


def test_a_block_that_is_not_ended_counts_as_text_that_waits():
    """It will be text where its end never comes."""
    feed = _feed(1_000)
    feed.add("Hello there. <think>")
    feed.add("a" * 900)
    with pytest.raises(TextTooLong):
        feed.add("a" * 100)


def test_only_so_many_flushed_parts_wait():
    feed = _feed(10_000)

    def flush_for_ever():
        while True:
            feed.add("a")
            feed.flush()

    with pytest.raises(Overloaded, match="parts waiting"):
        flush_for_ever()
    assert asyncio.run(feed.take()).text == "a"
