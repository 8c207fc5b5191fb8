"""Whatever a job's input is, its answer is speech, or one error that a client can read."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_engine import ScriptedEngine
from scripted_speech_worker import command, environment

from benchmarks.memory import anonymous_mb_of
from benchmarks.soak import slope_kb
from chatterpod import SpeechStream
from local_runpod import LocalEndpoint
from voices.library import VoiceLibrary
from voices.registry import VoiceRegistry
from worker.handler import JobHandler
from worker.request import PrepareVoiceRequest, SpeechRequest
from worker.service.service import SpeechService
from worker.settings import Settings
from worker.telemetry.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

CODES = {"invalid_request", "text_too_long", "unknown_voice", "overloaded", "deadline_exceeded"}
"""What can be wrong with a request; ``engine_failure`` would be a mistake of ours."""

ACTIONS = ("speak", "list_voices", "prepare_voice", "health")
FIELDS = {*SpeechRequest.model_fields, *PrepareVoiceRequest.model_fields, "input"}
NAMES = sorted({*FIELDS, "voice", "response_format"})

ANY_TEXT = st.text(st.characters(), max_size=30)  # with surrogates and control characters
HUGE = st.sampled_from([10**30, -(10**400), 10**4000, 1e308, 5e-324, 2**63, 2**64, -1, 0])
SCALARS = st.none() | st.booleans() | st.integers() | HUGE | st.floats() | ANY_TEXT
SOMETHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
SPEAKABLE = st.sampled_from(
    [
        "Hi.",
        "Dr. Smith paid $5.",
        "[laugh] Yes!",
        "你好。",
        "مرحبا",
        "e\u0301\u200d\U0001f468\u200d\U0001f469",
        "<b>x</b>",
        "1" * 200,
    ]
)
USUAL = {
    "action": st.sampled_from(ACTIONS),
    "voice_id": st.sampled_from(["default", "nobody", "../x", "A", "x" * 65]),
    "format": st.sampled_from(["mp3", "wav_8000", "opus_48000_64", "ulaw", "pcm_1", "mp3_44100_999", "flac"]),
    "sample_rate": st.sampled_from([8000, 11025, 48000, 7999]),
    "speed": st.sampled_from([0.25, 4, 4.0001]),
    "deadline_ms": st.sampled_from([1, 60_000]),
    "seed": st.sampled_from([0, 2**32 - 1, 2**32]),
    "resume": st.sampled_from(["a", ".", "a/b"]),
    "language": st.sampled_from(["en", "de-DE", "x", "zh-Hant-TW"]),
}


def nested(depth: int) -> Any:
    """Return a list in a list in a list."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


NEARLY = st.fixed_dictionaries(
    {"text": SPEAKABLE | SPEAKABLE | ANY_TEXT},
    optional={
        name: (USUAL[name] | SOMETHING) if name in USUAL else SOMETHING for name in NAMES if name != "text"
    },
).map(lambda order: dict(list(order.items())[:4]))
"""A request that might be one: a few fields, most of them as they may be."""

OBJECTS = (
    NEARLY
    | st.dictionaries(st.sampled_from(NAMES) | ANY_TEXT, SOMETHING, max_size=4)
    | st.builds(lambda name, depth: {name: nested(depth)}, st.sampled_from(NAMES), st.integers(1, 900))
)
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES) | ANY_TEXT, SOMETHING), min_size=10, max_size=10)

thorough = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def check_answer(items: list[Any], job_input: Any) -> None:
    """Find speech that is all there, another action's one answer, or one error by its code and field."""
    for item in items:
        json.dumps(item, ensure_ascii=False).encode()  # as the SDK posts it
    if set(items[-1]) == {"error"}:
        assert [item["type"] for item in items[:-1]] in ([], ["start"])
        check_error(json.loads(items[-1]["error"]), job_input)
    elif items[0]["type"] == "start":
        stream = SpeechStream()
        for item in items:
            stream.feed(item)
        stream.close()
    else:
        [answer] = items
        assert answer["type"] in {"voices", "voice_prepared", "health"}


def check_error(error: Any, job_input: Any) -> None:
    """Find a code that is documented, a sentence, and a field that was sent or could have been."""
    assert (
        {"code", "message", "field"} <= set(error) <= {"code", "message", "field", "retry_after_s", "reason"}
    )
    assert error["code"] in CODES, error
    assert len(error["message"]) < 1000
    assert "Traceback" not in error["message"]
    sent = {name[:80] for name in job_input} if isinstance(job_input, dict) else set()
    assert error["field"] in FIELDS | sent


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def handler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobHandler]:
    library = VoiceLibrary([VoiceRegistry.at(tmp_path_factory.mktemp("voices"))])
    configured = Settings(max_text_characters=300)
    service = SpeechService(ScriptedEngine(), library, configured)
    yield JobHandler(service, Observer([]), configured.max_result_bytes)
    service.close()


@pytest.mark.slow
def test_ten_thousand_inputs_are_answered_as_documented(handler: JobHandler, runner: asyncio.Runner) -> None:
    async def ask(job_input: Any) -> list[Any]:
        return [item async for item in handler.handle({"id": "job", "input": job_input})]

    asked = 0

    @settings(thorough, max_examples=900)
    @given(OBJECTS, CHANGES)
    def answer(order: dict[str, Any], changes: list[tuple[str, Any]]) -> None:
        nonlocal asked
        changed = [{**order, name: value} for name, value in changes]
        for job_input in (order, changes[0][1], *changed):
            check_answer(runner.run(ask(job_input)), job_input)
            asked += 1

    threads = threading.active_count()
    answer()
    assert asked >= 10_000
    assert threading.active_count() <= threads + 1


def test_through_the_sdks_loop_no_input_ends_the_worker_or_stays_in_it(tmp_path: Path) -> None:
    env = environment(tmp_path / "voices", MAX_TEXT_CHARACTERS=300)
    memory: list[tuple[int, float]] = []
    with (
        LocalEndpoint(command, env=env) as endpoint,
        httpx.Client(base_url=endpoint.url, timeout=240) as http,
    ):
        endpoint.wait_until_ready()

        @settings(thorough, max_examples=250)
        @given(OBJECTS)
        def answer(job_input: dict[str, Any]) -> None:
            try:
                body = json.dumps({"input": job_input})
            except ValueError:  # an int of more digits than Python writes
                return
            told = http.post("/runsync", content=body).json()
            items = [{"error": told["error"]}] if told["status"] == "FAILED" else told["output"]
            check_answer(items, job_input)
            memory.append((len(memory), anonymous_mb_of(endpoint.worker_pids[0])))

        answer()
        endpoint.check_workers()
    warm = memory[len(memory) // 3 :: 4]
    half = len(warm) // 2
    # A leak grows in both halves; the allocator may take another block in one.
    assert min(slope_kb(warm[:half]), slope_kb(warm[half:])) < 16, warm
