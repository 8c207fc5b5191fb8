"""Text that is fed: its parts, the pauses after them, and what is skipped."""

import time

import pytest

from worker.errors import Cancelled, DeadlineExceeded, NothingToSpeak
from worker.events import SkippedEvent
from worker.request import Arrival, SpeechRequest
from worker.speech.progress import Clock
from worker.speech.text_source import RequestText, TextPart, TextSource
from worker.text.chunks import split_text
from worker.text.sentences import Pause


class Script(TextSource):
    """Parts that are there, or not yet where there is None."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.is_waiting = True
        self.waits = 0

    @property
    def is_over(self):
        return not self.parts

    def poll(self):
        return self.parts.pop(0)

    def wait(self, seconds):
        self.waits += 1
        return self.waits < 50


def _text(*parts, cancelled=lambda: False, deadline_ms=None):
    source = Script(*parts)
    return RequestText(SpeechRequest(text=""), source, Clock(Arrival("r1"), cancelled, deadline_ms)), source


@pytest.mark.parametrize(
    ("text", "following", "pause"),
    [
        ("It is one. ", "And two", Pause.SENTENCE),
        ("It is one.\n\n", "And two", Pause.PARAGRAPH),
        ("It is one.", "", Pause.SENTENCE),
        ("It is one.\n\n", "", Pause.PARAGRAPH),
        ("And so I", "", Pause.WORD),
        ("# A heading\n", "Its text", Pause.PARAGRAPH),
        ("Is it? Yes! ", "\u201cGood,\u201d she said", Pause.SENTENCE),
        ("\u4f60\u597d\u3002", "\u518d\u89c1", Pause.SENTENCE),
    ],
)
def test_the_pause_after_a_part_is_the_one_of_the_whole_text(text, following, pause):
    assert TextPart(0, len(text), text, following).pause is pause
    if following and text.isascii():
        first = next(split_text(text + following, limit=len(text), first_limit=len(text)))
        assert first.pause is pause


def test_text_chunks_have_their_places_in_the_whole_and_the_last_one_the_parts_pause():
    part = TextPart(100, 122, "One.\n\nTwo is longer.  ", "Three")
    placed = list(part.placed(split_text(part.text)))
    assert [(each.start, each.end, each.pause) for each in placed] == [
        (100, 104, Pause.PARAGRAPH),
        (106, 120, Pause.SENTENCE),
    ]


def test_what_has_no_word_is_skipped_and_told():
    emoji, block, words = TextPart(0, 1, "\U0001f600"), TextPart(1, 9, ""), TextPart(9, 15, "Hello.")
    text, source = _text(None, emoji, None, block, words)
    text.await_words()
    assert list(text.skipped()) == [
        SkippedEvent(0, 1, "nothing_to_speak"),
        SkippedEvent(1, 9, "open_thought"),
    ]
    assert list(text.skipped()) == []
    assert list(text.parts()) == [words]
    assert not source.is_waiting


def test_a_text_without_a_word_is_an_error():
    text, _ = _text(None, TextPart(0, 1, "\U0001f600"), None)
    with pytest.raises(NothingToSpeak):
        text.await_words()


def test_waiting_ends_with_the_request():
    text, source = _text(None, None, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        text.await_words()
    assert not source.is_waiting
    text, _ = _text(None, deadline_ms=1)
    time.sleep(0.01)
    with pytest.raises(DeadlineExceeded):
        text.wait()
