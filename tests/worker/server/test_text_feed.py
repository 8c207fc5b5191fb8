"""A feed of text: what is complete is given out at once, and a sentence without an end costs little."""

import asyncio
import time

from worker.server.text_feed import TextFeed
from worker.server.waiting import HeldText, WaitingText


async def _taken(feed, text):
    """Feed a text character by character, and return what is given out before it is closed."""
    taken = []

    async def take():
        while (part := await feed.take()) is not None:
            taken.append(part.text)

    taking = asyncio.create_task(take())
    for character in text:
        feed.add(character)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    given = list(taken)
    feed.close()
    await taking
    assert "".join(taken) == text
    return given


def test_a_sentence_is_given_out_once_the_next_begins():
    assert asyncio.run(_taken(TextFeed(100, HeldText(WaitingText(100, "This test"))), "One. Two. Three")) == [
        "One. ",
        "Two. ",
    ]


def test_a_long_sentence_in_small_pieces_is_not_read_anew_with_each():
    began = time.thread_time()
    assert (
        asyncio.run(_taken(TextFeed(3_000, HeldText(WaitingText(3_000, "This test"))), "<b>x</b> " * 333))
        == []
    )
    assert time.thread_time() - began < 7
