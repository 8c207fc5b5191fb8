"""What the SDK's loop and the worker make of a plane that does what it should not: one oddity a test."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from fault_proxy import Answer
from faulty_plane import FaultyPlane, speaking_plane
from storm import Storm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.process

WIDTH = 8


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyPlane]:
    with speaking_plane(tmp_path_factory.mktemp("odd"), MAX_CONCURRENCY=WIDTH, BLOCK_S=0.05) as faulty:
        yield faulty


@pytest.fixture
def faulty(one_worker: FaultyPlane) -> Iterator[FaultyPlane]:
    yield one_worker
    one_worker.cease()
    one_worker.worker.check()


@pytest.fixture
def storm(faulty: FaultyPlane) -> Iterator[Storm]:
    with Storm(faulty.endpoint.url) as storm:
        yield storm


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_idle(faulty: FaultyPlane, storm: Storm) -> bool:
    return wait_until(lambda: storm.action(action="health")["active_requests"] == 1)


def order(characters: int = 100) -> dict[str, Any]:
    """Return an order that takes half a second for a hundred characters."""
    return {"text": "a" * characters, "format": "pcm"}


def test_a_job_that_comes_twice_at_once_is_heard_once(faulty: FaultyPlane, storm: Storm) -> None:
    faulty.take = lambda jobs: Answer.of_json(jobs * 2)
    [job] = storm.run([order()])
    assert job.is_whole
    assert job.status == "COMPLETED"
    faulty.take = Answer.of_json
    assert is_idle(faulty, storm)


def test_a_job_that_comes_again_when_it_is_over_is_stopped(faulty: FaultyPlane, storm: Storm) -> None:
    taken: list[Any] = []

    def note(jobs: list[Any]) -> Answer:
        taken.extend(jobs)
        return Answer.of_json(jobs)

    faulty.take = note
    [job] = storm.run([order(500)])
    faulty.take = lambda jobs: Answer.of_json([*taken, *jobs])
    [other] = storm.run([order()])
    faulty.take = Answer.of_json
    assert job.is_whole
    assert other.is_whole
    assert is_idle(faulty, storm)


def test_a_stop_ends_a_running_job_alone(faulty: FaultyPlane, storm: Storm) -> None:
    stopped, other = storm.submit(order(5000)), storm.submit(order(100))
    assert wait_until(lambda: not storm.poll(stopped) and bool(stopped.audio))
    storm.cancel(stopped)
    assert wait_until(lambda: storm.poll(other))
    assert other.is_whole
    assert is_idle(faulty, storm)


def test_a_stop_before_the_start_is_lost_on_the_sdk_and_must_be_told_again(
    faulty: FaultyPlane, storm: Storm
) -> None:
    def cancel_first(jobs: list[Any]) -> Answer:
        faulty.cancel(jobs[0]["id"])
        time.sleep(0.05)  # the stop is there before the job
        return Answer.of_json(jobs)

    faulty.take = cancel_first
    job = storm.submit(order(5000))
    assert wait_until(lambda: storm.poll(job))
    assert job.status == "CANCELLED"
    faulty.take = Answer.of_json
    assert is_idle(faulty, storm)
    assert "Stopping job." in faulty.worker.log_tail()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b'[{"id": "x", "inp', (("Content-Type", "application/json"),)),
        Answer(200, b"<html>busy</html>", (("Content-Type", "text/html"),)),
        Answer(200, b"", (("Content-Type", "application/json"),)),
        Answer(200, b"\xff\xfe\x00", (("Content-Type", "application/json"),)),
        Answer.of_json(None),
        Answer.of_json(3),
        Answer.of_json("job"),
        Answer.of_json({}),
        Answer.of_json({"id": "x"}),
        Answer.of_json([]),
        Answer.of_json([{"id": "x", "input": {"text": "Hi."}, "self": 1}]),
        Answer.of_json([{"id": "x"}]),
        Answer.of_json([None]),
        Answer.of_json([{"input": {}}]),
        Answer.of_json({"id": None, "input": {}}),
        Answer.of_json({"id": ["x"], "input": {}}),
        Answer.of_json({"id": 7, "input": {}}),
        Answer.of_json({"id": "", "input": {}}),
        Answer.of_json({"id": "x\r\nX-Evil: 1", "input": {}}),
        Answer.of_json({"id": "x" * 1_000_000, "input": {"text": "Hi."}}),
        Answer.of_json({"id": "x", "input": None}),
        Answer.of_json([[]] * 1_000),
        Answer(200, b"[" * 100_000, (("Content-Type", "application/json"),)),
        Answer(418),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:40]!r}",
)
def test_what_is_no_job_leaves_the_worker_as_it_was(
    faulty: FaultyPlane, storm: Storm, answer: Answer
) -> None:
    answers = [answer]
    faulty.take = lambda jobs: answers.pop() if answers else Answer.of_json(jobs)
    storm.submit(order(1))
    assert wait_until(lambda: not answers)
    faulty.worker.check()
    [job] = storm.run([order()])
    assert job.is_whole
    assert wait_until(lambda: faulty.asked_for[-1] == WIDTH), faulty.asked_for


def test_a_job_without_an_input_shows_its_client_no_traceback(faulty: FaultyPlane, storm: Storm) -> None:
    faulty.take = lambda jobs: Answer.of_json([{"id": job["id"]} for job in jobs])
    [job] = storm.run([order()])
    assert job.status == "FAILED"
    assert json.loads(job.error)["code"] == "invalid_request"


def test_what_is_no_job_costs_a_batch_none_of_its_jobs(faulty: FaultyPlane, storm: Storm) -> None:
    odd: list[Any] = [None, {"input": {}}, {"id": ["x"], "input": {}}, {"id": "y", "input": {}, "self": 1}, 3]
    running = storm.submit(order(300))
    assert wait_until(lambda: not storm.poll(running) and bool(running.audio))
    faulty.take = lambda jobs: Answer.of_json([*odd, *jobs, *odd])
    jobs = storm.run([order() for _ in range(WIDTH)])
    faulty.take = Answer.of_json
    assert all(job.is_whole for job in jobs)
    assert wait_until(lambda: storm.poll(running))
    assert running.is_whole
    assert is_idle(faulty, storm)
