"""The line of a finished request: what it was, what it cost, and nothing that is the client's own."""

import asyncio
import json
from contextlib import aclosing

import pytest

from voices.errors import ChatterpodError
from worker.events import SkippedEvent
from worker.request import Arrival
from worker.telemetry.record import RequestRecord

pytestmark = pytest.mark.anyio

SECRET = "The password is heliotrope."


def _of_requests(lines):
    return [line for line in lines if line["logger"] == "worker.requests"]


async def test_a_request_that_was_spoken_tells_what_it_was_and_what_it_cost(watched, log_lines):
    with log_lines() as lines:
        events = await watched.ask({"text": SECRET, "format": "wav"}, "r1")
    (line,) = _of_requests(lines)
    told = {name: line[name] for name in ("level", "message", "request_id", "interface", "outcome")}
    assert told == {
        "level": "INFO",
        "message": "request finished",
        "request_id": "r1",
        "interface": "queue",
        "outcome": "ok",
    }
    assert (line["voice_id"], line["engine"], line["format"]) == ("default", "scripted", "wav")
    assert line["text_characters"] == len(SECRET)
    metrics = events[-1].as_json()["metrics"]
    assert {name: line[name] for name in metrics if metrics[name] is not None} == metrics
    assert line["audio_seconds"] == pytest.approx(events[-1].audio_seconds, abs=0.001)
    assert 0 < line["ttfa_ms"] <= line["total_ms"]


async def test_neither_text_nor_audio_is_logged(watched, log_lines):
    with log_lines() as lines:
        events = await watched.ask({"text": SECRET}, "r1")
    assert "heliotrope" not in json.dumps(lines)
    assert events[1].as_json()["audio"][:40] not in json.dumps(lines)


async def test_the_text_is_logged_where_the_operator_says_so(watched_with_texts, log_lines):
    with log_lines() as lines:
        await watched_with_texts.ask({"text": SECRET}, "r1")
        await watched_with_texts.ask({"text": "word " * 400}, "r2")
    assert [line["text"] for line in _of_requests(lines)] == [SECRET, ("word " * 400)[:1000]]


async def test_a_refused_request_tells_its_code_and_field(watched, log_lines):
    with log_lines() as lines, pytest.raises(ChatterpodError):
        await watched.ask({"text": "Hi.", "voice_id": "nobody"}, "r2")
    (line,) = _of_requests(lines)
    assert (line["level"], line["message"]) == ("WARNING", "request failed")
    assert (line["outcome"], line["code"], line["field"]) == ("unknown_voice", "unknown_voice", "voice_id")
    assert line["request_id"] == "r2"


async def test_an_engines_failure_carries_the_request_from_its_own_thread(watched, log_lines):
    with log_lines() as lines, pytest.raises(ChatterpodError):
        await watched.ask({"text": "please fail"}, "r3")
    assert {line["request_id"] for line in lines} == {"r3"}
    assert any("CUDA error" in line.get("exception", "") for line in lines)
    (line,) = _of_requests(lines)
    assert line["outcome"] == "engine_failure"


async def test_a_client_that_leaves_is_cancelled_with_what_it_has_heard(watched, log_lines):
    with log_lines() as lines:
        async with aclosing(watched.watch({"text": "word " * 2000}, "r4")) as events:
            await anext(events)
            await anext(events)
    (line,) = _of_requests(lines)
    assert (line["level"], line["message"], line["outcome"]) == ("INFO", "request cancelled", "cancelled")
    assert line["audio_seconds"] > 0
    assert line["ttfa_ms"] > 0


async def test_whoever_leaves_after_the_last_event_was_answered(watched, log_lines):
    with log_lines() as lines:
        async with aclosing(watched.watch({"action": "health"}, "r5")) as events:
            await anext(events)
    (line,) = _of_requests(lines)
    assert (line["level"], line["action"], line["outcome"]) == ("DEBUG", "health", "ok")


async def test_requests_that_take_turns_in_one_task_keep_their_names(watched, log_lines):
    with log_lines() as lines:
        failing = watched.watch({"text": "please fail " * 3}, "first")
        fine = watched.watch({"text": "word " * 20}, "second")
        assert (await anext(failing)).request_id == "first"
        async for _ in fine:
            pass
        with pytest.raises(ChatterpodError):
            async for _ in failing:
                pass
    assert {line["request_id"] for line in lines if "exception" in line} == {"first"}
    assert [line["request_id"] for line in _of_requests(lines)] == ["second", "first"]


async def test_many_at_once_have_a_line_each(watched, log_lines):
    with log_lines() as lines:
        await asyncio.gather(*(watched.ask({"text": "Hello there."}, f"r{number}") for number in range(20)))
    assert sorted(line["request_id"] for line in _of_requests(lines)) == sorted(
        f"r{number}" for number in range(20)
    )


def test_a_request_that_ends_after_a_skipped_part_was_not_answered():
    record = RequestRecord({}, Arrival("one"), "socket")
    record.note(SkippedEvent(0, 1, "nothing_to_speak"))
    record.finish()
    assert record.outcome == "cancelled"
