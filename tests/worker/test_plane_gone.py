"""A control plane that is gone or answers garbage for a while: the worker waits, and goes on with it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from fault_proxy import Answer, Fault
from faulty_plane import FaultyPlane, speaking_plane
from scripted_speech_worker import command, environment
from storm import Storm

from local_runpod.app import worker_urls
from local_runpod.local_endpoint import LocalEndpoint
from local_runpod.worker_process import WorkerProcess
from worker.job_fetching import pause_s, taking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

WIDTH = 8
OUTAGE_S = 1.5
MOST_TAKES = 40
"""In an outage; without a pause between them there are hundreds."""
MOST_REDIRECTS = 10
"""That aiohttp follows each time."""
JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyPlane]:
    with speaking_plane(tmp_path_factory.mktemp("gone"), MAX_CONCURRENCY=WIDTH, BLOCK_S=0.02) as faulty:
        yield faulty


def assert_all_slots_are_free(storm: Storm) -> None:
    deadline = time.monotonic() + 30
    while storm.action(action="health")["active_requests"] > 1:  # itself
        assert time.monotonic() < deadline
    jobs = storm.run([{"text": "a" * (20 + number), "format": "pcm"} for number in range(2 * WIDTH)])
    assert all(job.is_whole for job in jobs)


@pytest.mark.parametrize(
    "outage",
    [
        Answer(500),
        Answer(503, b"<html>busy</html>", (("Content-Type", "text/html"),)),
        Answer(200, b"<html>Log in</html>", (("Content-Type", "text/html"),)),
        Answer(200, b"<html>", JSON),
        Answer(200, b"", JSON),
        Answer(204),
        Answer(400),
        Answer(302, b"", (("Location", "?again=1"),)),
        Answer(302, b"", (("Location", "http://127.0.0.1:1/nowhere"),)),
        Answer(302, b"", (("Location", "http://[/"),)),
        Answer(302),
        Fault.DROP_REQUEST,
    ],
    ids=lambda outage: f"{outage.status} {outage.headers}" if isinstance(outage, Answer) else outage.name,
)
def test_all_slots_are_there_when_an_outage_is_over(faulty: FaultyPlane, outage: Answer | Fault) -> None:
    with Storm(faulty.endpoint.url) as storm:
        for text in ("a" * 200, "a" * 50):  # one is still being spoken when the plane is back
            storm.submit({"text": text, "format": "pcm"})
        before = len(faulty.asked_for)
        faulty.outage = outage
        time.sleep(OUTAGE_S)
        faulty.outage = None
        is_redirect = isinstance(outage, Answer) and outage.status == 302
        most = MOST_TAKES * (1 + MOST_REDIRECTS * is_redirect)
        assert 0 < len(faulty.asked_for) - before < most
        assert_all_slots_are_free(storm)
    faulty.worker.check()


def test_a_worker_goes_on_when_a_plane_that_was_gone_is_back(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    env = environment(tmp_path / "voices", MAX_CONCURRENCY=WIDTH, BLOCK_S=0.02)
    with LocalEndpoint(workers=0) as first, Storm(first.url) as storm:
        urls = worker_urls(first.plane, first.url.partition("/v2/")[0])
        port = storm.http.base_url.port
        worker = WorkerProcess("patient", urls, command=command, env=env, log_path=log)
        with worker:
            deadline = time.monotonic() + 120
            while not first.plane.workers.is_ready(worker.id):
                worker.check()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            speech = storm.submit({"text": "a" * 500, "format": "pcm"})
            while not speech.audio:
                storm.poll(speech)
            first.close()
            time.sleep(2 * OUTAGE_S)  # connections are refused
            worker.check()
            assert log.read_text().count("Failed to get job") < MOST_TAKES
            # It knows nothing of the job whose events still come.
            with LocalEndpoint(workers=0, port=port) as second, Storm(second.url) as again:
                assert_all_slots_are_free(again)
            worker.check()


class TestPauses:
    def test_they_grow_and_end(self) -> None:
        pauses = [pause_s(failures) for failures in range(1, 2_000)]
        assert pauses == sorted(pauses)
        assert (pauses[0], pauses[-1]) == (0.05, 2.0)

    def test_there_is_none_after_a_job_or_a_request_that_was_held_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept: list[float] = []
        sleep = asyncio.sleep

        async def note(seconds: float) -> None:
            slept.append(seconds)

        answers = iter([ValueError("garbage"), None, [{"id": "a", "input": {}}], ValueError("gone")])

        async def fetch() -> object:
            answer = next(answers, "held")
            if answer == "held":
                await sleep(0.05)
                return None
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def ask() -> None:
            fetch_jobs = taking(fetch)
            with pytest.raises(ValueError, match="garbage"):
                await fetch_jobs()
            assert await fetch_jobs() == []
            assert await fetch_jobs() == [{"id": "a", "input": {}}]
            with pytest.raises(ValueError, match="gone"):
                await fetch_jobs()
            assert await fetch_jobs() == []

        monkeypatch.setattr(asyncio, "sleep", note)
        asyncio.run(ask())
        assert slept == [0.05, 0.1, 0.05]
