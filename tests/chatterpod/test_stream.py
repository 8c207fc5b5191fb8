"""Events in, audio out, and everything that can be wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import audio, end, start, whole

from chatterpod import (
    ChecksumMismatch,
    MalformedEvent,
    SpeechStream,
    SpokenText,
    StreamError,
    StreamGap,
    StreamIncomplete,
)


def feed(*events: Any) -> tuple[SpeechStream, bytes]:
    stream = SpeechStream()
    return stream, b"".join([stream.feed(event) for event in events])


def feed_all(events: list[Any]) -> None:
    stream, _ = feed(*events)
    stream.close()


def test_a_whole_stream_gives_its_audio_and_its_facts() -> None:
    stream, received = feed(*whole(3))
    stream.close()
    assert received == b"abc" * 3
    assert stream.is_complete
    assert stream.seconds == 1.5
    assert stream.metrics == {"ttfa_ms": 12.5}
    assert stream.start is not None
    assert stream.start.sample_rate == 24000
    assert stream.start.ignored == ("cfg_weight",)
    assert stream.end is not None
    assert stream.end.chunks == 3


def test_it_tells_which_text_is_spoken_when() -> None:
    events = whole(3)
    events[1]["text"] = [{"offset_s": 0.0, "start": 0, "end": 5}, {"offset_s": 0.4, "start": 6, "end": 9}]
    events[3]["text"] = [{"offset_s": 1.25, "start": 10, "end": 20}]
    stream, _ = feed(*events)
    assert stream.timeline == [SpokenText(0.0, 0, 5), SpokenText(0.4, 6, 9), SpokenText(1.25, 10, 20)]


@pytest.mark.parametrize("text", [[{}], ["x"], [{"offset_s": 0, "start": "a", "end": 1}]])
def test_a_malformed_span_is_refused(text: list[Any]) -> None:
    events = whole(1)
    events[1]["text"] = text
    with pytest.raises(MalformedEvent):
        feed_all(events)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10))
def test_any_audio_comes_through_unchanged(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    events = [start(), *(audio(i, piece) for i, piece in enumerate(pieces)), end(data, len(pieces))]
    stream, received = feed(*events)
    assert received == data
    assert stream.is_complete


@given(st.data())
def test_no_lost_event_goes_unnoticed(data: st.DataObject) -> None:
    events = whole(4)
    del events[data.draw(st.integers(0, len(events) - 1))]
    with pytest.raises(StreamError):
        feed_all(events)


@given(st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_events_that_come_again_are_passed_over(again: list[int]) -> None:
    events = whole(3)
    doubled = [event for event, times in zip(events, again, strict=True) for event in [event] * (1 + times)]
    stream, received = feed(*doubled)
    assert received == b"abc" * 3
    assert stream.seconds == 1.5


def test_a_gap_is_named() -> None:
    with pytest.raises(StreamGap, match="audio event 1 is missing: 2 came"):
        feed(start(), audio(0), audio(2))


def test_a_lost_last_piece_is_a_gap() -> None:
    with pytest.raises(StreamGap, match="1 of 2"):
        feed(start(), audio(0), end(b"abcabc", 2))


def test_a_lost_start_is_a_gap() -> None:
    with pytest.raises(StreamGap, match="before any start"):
        feed(audio(0))


def test_other_audio_than_was_sent_is_a_mismatch() -> None:
    with pytest.raises(ChecksumMismatch):
        feed(start(), audio(0, b"xyz"), end(b"abc", 1))


def test_more_audio_than_the_end_tells_is_a_mismatch() -> None:
    with pytest.raises(ChecksumMismatch):
        feed(start(), audio(0), audio(1), end(b"abc", 1))


def test_a_stream_without_an_end_is_incomplete() -> None:
    stream, _ = feed(start(), audio(0))
    with pytest.raises(StreamIncomplete, match="after 1 audio event"):
        stream.close()


def test_unknown_kinds_and_fields_are_passed_over_but_kept() -> None:
    stream, received = feed(start(), {"type": "word", "text": "hi"}, end(b"", 0, url="s3://bucket/x.mp3"))
    assert received == b""
    assert stream.end is not None
    assert stream.end.extra == {"url": "s3://bucket/x.mp3"}


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        {},
        {"type": 3},
        start(sample_rate="24000"),
        start(channels=True),
        start(request_id="another"),
        audio(1) | {"audio": "not base64!"},
        audio(1) | {"audio": None},
        audio(1) | {"seconds": "long"},
        audio(1) | {"index": "1"},
        end(b"abc", 1, metrics=None),
    ],
)
def test_a_malformed_event_is_refused(event: Any) -> None:
    stream, _ = feed(start(), audio(0))
    with pytest.raises(MalformedEvent):
        stream.feed(event)


def test_audio_after_the_end_is_refused() -> None:
    stream, _ = feed(*whole(1))
    with pytest.raises(MalformedEvent, match="after the end"):
        stream.feed(audio(1))
