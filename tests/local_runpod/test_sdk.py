"""The real SDK's loop, in its own process, against the plane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_runpod import LocalEndpoint

pytestmark = pytest.mark.process

FINAL = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}


@pytest.fixture
def http(endpoint: LocalEndpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint.url, timeout=30) as client:
        yield client


def run(http: httpx.Client, policy: dict[str, Any] | None = None, **order: Any) -> str:
    body = {"input": order} | ({"policy": policy} if policy else {})
    job_id = http.post("/run", json=body).raise_for_status().json()["id"]
    assert isinstance(job_id, str)
    return job_id


def poll_until(http: httpx.Client, job_id: str, statuses: set[str], timeout: float = 15) -> list[Any]:
    items = []
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = http.get(f"/stream/{job_id}").json()
        items += [item["output"] for item in answer["stream"]]
        if answer["status"] in statuses:
            return items
        time.sleep(0.01)
    raise AssertionError(f"still {answer['status']} after {timeout} s")


def status(http: httpx.Client, job_id: str) -> dict[str, Any]:
    answer = http.get(f"/status/{job_id}").raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


def wait_for_log(endpoint: LocalEndpoint, job_id: str, message: str, timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if any(job_id in line and message in line for line in endpoint.worker_log().splitlines()):
            return
        time.sleep(0.02)
    raise AssertionError(endpoint.worker_log())


def test_a_generators_events_arrive_in_order_and_the_job_completes(http: httpx.Client) -> None:
    job_id = run(http, chunks=5)
    events = poll_until(http, job_id, FINAL)
    assert [event["type"] for event in events] == ["start", *["audio"] * 5, "end"]
    assert [event["index"] for event in events[1:-1]] == list(range(5))
    facts = status(http, job_id)
    assert facts["status"] == "COMPLETED"
    assert facts["output"] == []
    assert facts["delayTime"] >= 0
    assert facts["executionTime"] >= 0


def test_items_arrive_while_the_job_runs_and_are_drained_once(http: httpx.Client) -> None:
    job_id = run(http, chunks=6, pause=0.1)
    deadline = time.monotonic() + 10
    polls = []
    while len([events for events in polls if events]) < 3 and time.monotonic() < deadline:
        polls.append(http.get(f"/stream/{job_id}").json()["stream"])
        time.sleep(0.02)
    assert status(http, job_id)["status"] == "IN_PROGRESS"
    rest = poll_until(http, job_id, FINAL)
    assert sum(map(len, polls)) + len(rest) == 8
    assert http.post(f"/stream/{job_id}").json() == {"id": job_id, "status": "COMPLETED", "stream": []}


def test_a_yielded_error_fails_the_job_with_its_text(http: httpx.Client) -> None:
    job_id = run(http, do="fail")
    assert poll_until(http, job_id, FINAL) == []
    facts = status(http, job_id)
    assert facts["status"] == "FAILED"
    assert facts["error"].startswith('{"code": "unknown_voice"')


def test_a_raising_handler_fails_the_job_after_what_it_streamed(http: httpx.Client) -> None:
    job_id = run(http, do="raise")
    events = poll_until(http, job_id, FINAL)
    assert [event["type"] for event in events] == ["start", "audio"]
    assert status(http, job_id)["error"].startswith("handler: boom")


def test_a_cancelled_job_stops_its_worker_and_the_next_one_runs(
    http: httpx.Client, endpoint: LocalEndpoint
) -> None:
    slow = run(http, chunks=500, pause=0.05)
    # At this moment the SDK has taken the job but not started it, and it ignores the first stop.
    poll_until(http, slow, {"IN_PROGRESS"})
    assert http.post(f"/cancel/{slow}").json() == {"id": slow, "status": "CANCELLED"}
    assert status(http, slow)["status"] == "CANCELLED"
    job_id = run(http)
    assert len(poll_until(http, job_id, FINAL)) == 5
    wait_for_log(endpoint, slow, "Job stopped.")


def test_runsync_answers_with_the_finished_job(http: httpx.Client) -> None:
    answer = http.post("/runsync", json={"input": {"do": "list_voices"}}).json()
    assert answer["status"] == "COMPLETED"


def test_runsync_answers_an_unfinished_job_when_its_wait_is_over(http: httpx.Client) -> None:
    answer = http.post("/runsync?wait=1000", json={"input": {"chunks": 100, "pause": 0.1}}).json()
    assert answer["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert http.post(f"/cancel/{answer['id']}").json()["status"] == "CANCELLED"


def test_a_job_beyond_its_execution_timeout_is_timed_out(http: httpx.Client) -> None:
    job_id = run(http, policy={"executionTimeout": 300}, chunks=500, pause=0.05)
    poll_until(http, job_id, FINAL)
    assert status(http, job_id)["status"] == "TIMED_OUT"


def test_several_jobs_share_the_worker(http: httpx.Client) -> None:
    job_ids = [run(http, chunks=10, pause=0.05) for _ in range(4)]
    began = time.monotonic()
    for job_id in job_ids:
        assert len(poll_until(http, job_id, FINAL)) == 12
    assert time.monotonic() - began < 4 * 0.5 + 2


def test_health_counts_workers_and_jobs(http: httpx.Client) -> None:
    poll_until(http, run(http), FINAL)
    health = http.get("/health").json()
    assert health["workers"]["ready"] == 1
    assert health["jobs"]["completed"] >= 1
    assert health["jobs"]["inQueue"] == 0
