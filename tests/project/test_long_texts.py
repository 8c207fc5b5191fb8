"""Whatever goes on and on in a text, the time that it takes grows with its length, by every way in."""

import asyncio
import time
from collections import deque
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatterpod.sentences import sentences_in
from voices_cli.books.book import InvalidBook
from voices_cli.books.markdown import read_markdown
from voices_cli.books.package import ElementList, NavEntries
from voices_cli.books.page import page_blocks
from voices_cli.books.plain_text import read_plain_text
from voices_cli.narration.pieces import pieces
from worker.server.socket.text_feed import TextFeed
from worker.server.waiting import HeldText, WaitingText
from worker.text.chunks import split_text
from worker.text.latex import plain_mathematics
from worker.text.normalize import rules_for
from worker.text.prepared import complete, prepared_sentences
from worker.text.reading import read_aloud

pytestmark = pytest.mark.slow

UNITS = [
    *r"""
    x 7 . - ' " [ ] ( ) * _ ~ ` | & < > # $ \ / : ; , ! ? @ + = ^ % ° é 今 😀 … — ½ ² ₀ Ⅳ ♀ { }
    \[ \] \( \) \{ \frac{ \a{ \frac{1}{ \begin{ \begin{align} &amp; &amp;amp; $$ $x$ $x
    <b> </b> <b <think> </think> <think [THINK] [/THINK] ◁think▷ <!-- --> <![CDATA[ ]]> <? <!DOCTYPE <a="b"
    a='b' <break/> <br> <p> <|a| [a](b) [a]( [[a]] [[a| ![ [1]: [^1]: ** ``` ~~~ --- === |--- |-|-
    http://a a@b. a.b. www.a Mr. St. I, IV 1. 1- 1, 1: 1/ 1.1 $1 $1, 1e 12:30 1-2- 1,000, 1.000. x^2 10⁶
    `a` ==a =a =a= _a_ a' e.g. :) ;- #a
    """.split(),  # noqa: SIM905
    *(
        "\n",
        "\n\n",
        "\n- ",
        "\n# ",
        "\n> ",
        "\n|a",
        "\n```\n",
        "\n|-|\n",
        "\n[a]:b\n",
        "\r",
        "\t ",
        " \n",
        "1\n",
        "a.\n",
    ),
    *(
        " ",
        "a ",
        "1 ",
        "- ",
        "| ",
        " |",
        ". ",
        "a. ",
        "I am Mr. ",
        "Page 1\n",
        "Hello. ",
        "I ",
        "A ",
        "1 000 ",
    ),
    *("\x1b[", "\x1b]", "\x1e", "\u0301", "e\u0301", "\u200b", "\u1100", "\ud83d", "&", "\ufe0f"),
]
"""What rules, markup and books are made of."""


def _fed(text):
    """Feed a text in pieces, as a language model writes it."""

    async def feed():
        fed = TextFeed(len(text), HeldText(WaitingText(len(text), "This test")))
        taking = asyncio.create_task(_taken(fed))
        for start in range(0, len(text), 7):
            fed.add(text[start : start + 7])
            await asyncio.sleep(0)
        fed.close()
        await taking

    asyncio.run(feed())


async def _taken(feed):
    while await feed.take() is not None:
        pass


def _narrated(read, text):
    with suppress(InvalidBook):
        deque(pieces(read(text, "book")), 0)


RULES = rules_for("en-US", normalize=True)
ENTRIES = {
    "a sentence's rules": (lambda text: read_aloud(text, RULES), 1_600),
    "text chunks": (lambda text: deque(split_text(text), 0), 1_600),
    "text chunks in another language": (lambda text: deque(split_text(text, language="de"), 0), 4_000),
    "text chunks as written": (lambda text: deque(split_text(text, normalize=False), 0), 4_000),
    "prepared sentences": (lambda text: deque(prepared_sentences(text, normalize=True), 0), 16_000),
    "what of a text is complete": (complete, 16_000),
    "a feed in pieces": (_fed, 2_000),
    "the client's sentences": (lambda text: deque(sentences_in(text, lambda _: None), 0), 4_000),
    "mathematics": (plain_mathematics, 8_000),
    "a book": (lambda text: _narrated(read_plain_text, text), 16_000),
    "a book in Markdown": (lambda text: _narrated(read_markdown, text), 8_000),
    "a page of a book": (page_blocks, 8_000),
    "a book's own documents": (lambda text: (ElementList(text), NavEntries(text)), 8_000),
}
"""Each with the length of the longer text: several milliseconds."""
TIMES_AS_LONG = 8
TIMES_THE_SECONDS = 24
"""A square would take 64 times as long."""
SECONDS_A_CHARACTER = 0.002


def _seconds(read, text):
    began = time.thread_time()
    read(text)
    return time.thread_time() - began


def _is_slow(entry, unit, prefix, suffix):
    read, longest = ENTRIES[entry]
    short, long = (
        prefix + (unit * length)[:length] + suffix for length in (longest // TIMES_AS_LONG, longest)
    )
    few, many = _seconds(read, short), _seconds(read, long)
    return many > TIMES_THE_SECONDS * max(few, 0.005) or many > 0.1 + longest * SECONDS_A_CHARACTER


def _check(entry, unit, prefix, suffix):
    # Texts that double the time with each character are met while they are short.
    read, _ = ENTRIES[entry]
    for length in range(12, 100, 4):
        text = prefix + (unit * length)[:length] + suffix
        assert any(_seconds(read, text) < 0.5 for _ in range(2))  # the first may import what it needs
    assert not all(_is_slow(entry, unit, prefix, suffix) for _ in range(3))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("entry", ENTRIES)
@settings(max_examples=12)
@given(
    unit=st.one_of(
        st.lists(st.sampled_from(UNITS), min_size=1, max_size=3).map("".join),
        st.text(min_size=1, max_size=3),
    ),
    prefix=st.sampled_from(["", "Hello. ", "<think>", "$", "[", "1", "| a |\n|---|\n"]),
    suffix=st.sampled_from(["", "x", "!", "\n", ". A", "</b>", "]"]),
)
@example(unit="-", prefix="Hello. ", suffix="x")
@example(unit="##\t", prefix="A", suffix="x")
@example(unit=" ", prefix="a", suffix="x")
@example(unit="[", prefix="", suffix="")
@example(unit="<b>", prefix="", suffix="")
@example(unit="<b", prefix="", suffix="")
@example(unit="<!-- >", prefix="", suffix="")
@example(unit="<![x", prefix="", suffix="")
@example(unit="000,", prefix="", suffix="")
@example(unit="|", prefix="", suffix="x")
@example(unit="a.", prefix="", suffix="")
def test_time_grows_with_the_length_of_what_goes_on_and_on(entry, unit, prefix, suffix):
    _check(entry, unit, prefix, suffix)


@pytest.mark.parametrize("unit", ["-", " ", "[", "<b>", "a. ", "`", "&amp;", "\n- "])
def test_a_hundred_thousand_characters_are_looked_through_in_seconds(unit):
    text = "Hello. " + (unit * 100_000)[:100_000] + "x"
    assert _seconds(complete, text) < 100_000 * SECONDS_A_CHARACTER / 10
