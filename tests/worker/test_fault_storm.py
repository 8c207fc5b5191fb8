"""The worker under fire: posts that fail, jobs that come twice, stops that come too early, answers cut short.

The queue worker as it is, in its own process and on the SDK's own loop; what it speaks is a tone as long
as the text, so that no two jobs have the same audio and all of it can be foretold.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from faulty_plane import Dice, FaultyPlane, speaking_plane
from scripted_engine import ScriptedEngine
from storm import Storm

from voices.library import VoiceLibrary
from voices.registry import VoiceRegistry
from worker.events import AudioEvent
from worker.request import Arrival
from worker.service.service import SpeechService
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

WIDTH = 64
"""Jobs that the worker takes at once."""
FORMATS = ("pcm_8000", "mp3", "ulaw")


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[FaultyPlane]:
    with speaking_plane(tmp_path, MAX_CONCURRENCY=WIDTH) as faulty:
        yield faulty


@pytest.fixture
def audio_of(tmp_path: Path) -> Iterator[Callable[[dict[str, Any]], bytes]]:
    """Speak an order here, with nothing between."""
    library = VoiceLibrary([VoiceRegistry.at(tmp_path / "voices")])
    service = SpeechService(ScriptedEngine(), library, Settings())

    async def speak(order: dict[str, Any]) -> bytes:
        events = [event async for event in service.respond(order, Arrival("alone"))]
        return b"".join(event.audio for event in events if isinstance(event, AudioEvent))

    yield lambda order: asyncio.run(speak(order))
    service.close()


FAULTS, MOST_JOBS = 200, 300


def order(number: int) -> dict[str, Any]:
    """Return the order of a job like no other: from 0.4 s on, each 10 ms longer."""
    return {"text": "a" * (40 + number), "format": FORMATS[number % 3], "stream": number % 4 > 0}


def test_of_200_faults_none_keeps_a_slot_or_crosses_two_jobs_audio(
    faulty: FaultyPlane, audio_of: Callable[[dict[str, Any]], bytes]
) -> None:
    faulty.endpoint.plane.execution_timeout_s = 20
    faulty.begin(Dice(seed=7, post_rate=0.25, take_rate=0.5))
    with Storm(faulty.endpoint.url) as storm:
        jobs = storm.run([order(number) for number in range(150)])
        while sum(faulty.injected.values()) < FAULTS:  # a busy machine's events are fewer, and larger
            assert len(jobs) < MOST_JOBS, faulty.injected
            jobs += storm.run([order(number) for number in range(len(jobs), len(jobs) + 50)])
        for job in jobs:
            assert audio_of(job.order).startswith(job.audio)
            assert job.audio == audio_of(job.order) or not job.is_whole
            assert "Traceback" not in str(job.error)
        assert sum(job.is_whole for job in jobs) > len(jobs) / 4  # on a busy machine many run out of time
        faulty.cease()
        assert_all_slots_are_free(faulty, storm)


def assert_all_slots_are_free(faulty: FaultyPlane, storm: Storm) -> None:
    """Nothing is running any more, and as many jobs as ever are taken at once."""
    deadline = time.monotonic() + 30
    while storm.action(action="health")["active_requests"] > 1:  # itself
        assert time.monotonic() < deadline, faulty.worker.log_tail()
    counts = faulty.endpoint.plane.queue.counts()
    assert (counts["inProgress"], counts["inQueue"]) == (0, 0)
    while faulty.asked_for[-1] < WIDTH:
        assert time.monotonic() < deadline, faulty.asked_for[-5:]
        time.sleep(0.05)
    assert all(job.is_whole for job in storm.run([order(number) for number in range(WIDTH)]))
