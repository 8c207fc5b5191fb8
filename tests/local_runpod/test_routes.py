"""The two halves of the HTTP interface, with the test in the worker's place."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local_runpod import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def bare(shared: LocalEndpoint) -> LocalEndpoint:
    return shared


@pytest.fixture(scope="module")
def locked() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(workers=0, api_key="open-sesame") as endpoint:
        yield endpoint


@pytest.fixture
def http(bare: LocalEndpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bare.url, timeout=10) as client:
        client.post("/purge-queue")
        yield client


def submit(http: httpx.Client) -> str:
    return str(http.post("/run", json={"input": {"text": "x"}}).json()["id"])


def take(http: httpx.Client, worker: str = "w") -> Any:
    response = http.get(f"/job-take/{worker}", params={"gpu": "x", "job_in_progress": "0"})
    return response.json() if response.status_code == 200 else None


class TestUnknown:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/stream/nope"),
            ("POST", "/stream/nope"),
            ("GET", "/status/nope"),
            ("POST", "/cancel/nope"),
            ("POST", "/job-done/w/nope"),
            ("POST", "/job-stream/w/nope"),
            ("GET", "/no-such-route"),
            ("GET", "/../other/health"),
        ],
    )
    def test_answers_404_with_a_reason(self, http: httpx.Client, method: str, path: str) -> None:
        response = http.request(method, path, json={"output": {}} if "job-" in path else None)
        assert response.status_code == 404
        assert response.json()["error"]


class TestSubmitting:
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"input": 3}', b'{"input": null}'])
    def test_a_body_without_an_input_object_is_refused(self, http: httpx.Client, body: bytes) -> None:
        response = http.post("/run", content=body)
        assert response.status_code == 400
        assert response.json()["error"]

    @pytest.mark.parametrize(
        ("path", "megabytes", "status"), [("run", 11, 413), ("runsync?wait=1000", 21, 413)]
    )
    def test_too_large_a_payload_is_refused(
        self, http: httpx.Client, path: str, megabytes: int, status: int
    ) -> None:
        response = http.post(f"/{path}", json={"input": {"text": "x" * megabytes * MEGABYTE}})
        assert response.status_code == status
        assert "too large" in response.json()["error"]

    def test_runsync_takes_what_run_does_not(self, http: httpx.Client) -> None:
        response = http.post("/runsync?wait=1000", json={"input": {"text": "x" * 11 * MEGABYTE}})
        assert response.json()["status"] == "IN_QUEUE"

    def test_a_body_that_is_nested_too_deeply_is_refused(self, http: httpx.Client) -> None:
        response = http.post("/run", content=b'{"input": {"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}")
        assert response.status_code == 400
        assert response.json()["error"] == "the body is nested too deeply"

    @pytest.mark.parametrize("timeout", ["soon", -1, 0, float("nan"), float("inf"), 10**400])
    def test_an_execution_timeout_that_cannot_be_is_refused(self, http: httpx.Client, timeout: Any) -> None:
        body = json.dumps({"input": {}, "policy": {"executionTimeout": timeout}})
        response = http.post("/run", content=body)
        assert response.status_code == 400
        assert "executionTimeout" in response.json()["error"]

    def test_a_wait_that_is_no_number_is_refused(self, http: httpx.Client) -> None:
        assert http.post("/runsync?wait=soon", json={"input": {}}).status_code == 400


class TestTaking:
    def test_a_poll_gets_a_job_the_moment_it_comes(self, http: httpx.Client, bare: LocalEndpoint) -> None:
        bare.plane.take_wait_s = 5
        taken: list[Any] = []
        poll = threading.Thread(target=lambda: taken.append((take(http), time.monotonic())))
        poll.start()
        time.sleep(0.1)
        began = time.monotonic()
        job_id = submit(http)
        poll.join(5)
        bare.plane.take_wait_s = 0.2
        [(job, at)] = taken
        assert job == {"id": job_id, "input": {"text": "x"}}
        assert at - began < 1

    def test_a_poll_ends_empty_when_no_job_comes(self, http: httpx.Client) -> None:
        assert take(http) is None

    def test_a_batch_is_a_list_in_order(self, http: httpx.Client) -> None:
        ids = [submit(http) for _ in range(3)]
        jobs = http.get("/job-take-batch/w", params={"batch_size": 2}).json()
        assert [job["id"] for job in jobs] == ids[:2]

    def test_a_job_is_not_given_to_a_poll_that_was_given_up(
        self, http: httpx.Client, bare: LocalEndpoint
    ) -> None:
        bare.plane.take_wait_s = 5
        with pytest.raises(httpx.ReadTimeout):
            http.get("/job-take/gone", timeout=0.1)
        time.sleep(0.1)
        bare.plane.take_wait_s = 0.2
        job_id = submit(http)
        assert http.get(f"/status/{job_id}").json()["status"] == "IN_QUEUE"


class TestCancelling:
    def test_a_cancelled_waiting_job_is_never_run(self, http: httpx.Client) -> None:
        job_id = submit(http)
        assert http.post(f"/cancel/{job_id}").json()["status"] == "CANCELLED"
        assert take(http) is None

    def test_a_cancelled_running_job_is_told_to_its_worker_alone(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http, "mine")
        http.post(f"/cancel/{job_id}")
        assert http.get(f"/status/{job_id}").json()["status"] == "CANCELLED"
        assert http.get("/job-stop/other").status_code == 204
        assert http.get("/job-stop/mine").json() == {"jobsToStop": [job_id]}
        assert http.get("/job-stop/mine").status_code == 204

    def test_a_finished_job_stays_as_it_is(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http)
        http.post(f"/job-done/w/{job_id}", json={"output": [1]})
        assert http.post(f"/cancel/{job_id}").json()["status"] == "COMPLETED"

    def test_a_purge_cancels_what_waits(self, http: httpx.Client) -> None:
        running = submit(http)
        take(http)
        waiting = submit(http)
        assert http.post("/purge-queue").json() == {"removed": 1, "status": "completed"}
        assert http.get(f"/status/{waiting}").json()["status"] == "CANCELLED"
        assert http.get(f"/status/{running}").json()["status"] == "IN_PROGRESS"


class TestResults:
    def test_items_beyond_a_megabyte_are_refused(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http)
        response = http.post(f"/job-stream/w/{job_id}", json={"output": "x" * MEGABYTE})
        assert response.status_code == 400
        assert http.get(f"/stream/{job_id}").json()["stream"] == []

    def test_a_result_beyond_the_limit_is_lost_as_on_runpod(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http)
        response = http.post(f"/job-done/w/{job_id}", json={"output": "x" * 11 * MEGABYTE})
        assert response.status_code == 400
        assert http.get(f"/status/{job_id}").json()["status"] == "IN_PROGRESS"

    def test_the_last_items_are_there_after_completion(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http)
        http.post(f"/job-stream/w/{job_id}", json={"output": {"i": 0}})
        http.post(f"/job-done/w/{job_id}", json={"output": []})
        answer = http.get(f"/stream/{job_id}").json()
        assert answer == {"id": job_id, "status": "COMPLETED", "stream": [{"output": {"i": 0}}]}

    def test_a_progress_update_does_not_end_the_job(self, http: httpx.Client) -> None:
        job_id = submit(http)
        take(http)
        http.post(f"/job-done/w/{job_id}", json={"status": "IN_PROGRESS", "output": "half"})
        facts = http.get(f"/status/{job_id}").json()
        assert (facts["status"], facts["output"]) == ("IN_PROGRESS", "half")

    def test_an_unhealthy_worker_is_counted(self, http: httpx.Client) -> None:
        http.get("/ping/sick", params={"status": "unhealthy", "check": "gpu", "reason": "none"})
        assert http.get("/health").json()["workers"]["unhealthy"] == 1


class TestKeys:
    @pytest.mark.parametrize("header", [None, "open-sesame", "Bearer wrong", "Bearer", "Bearer \u00fc"])
    def test_a_missing_or_wrong_key_is_refused(self, locked: LocalEndpoint, header: str | None) -> None:
        headers = {"Authorization": header.encode("latin-1")} if header else None
        for path in ("/health", "/job-take/w", "/ping/w?token=wrong"):
            assert httpx.get(locked.url + path, headers=headers).status_code == 401

    def test_the_right_key_opens(self, locked: LocalEndpoint) -> None:
        headers = {"Authorization": "Bearer open-sesame"}
        assert httpx.get(f"{locked.url}/health", headers=headers).status_code == 200

    def test_workers_are_known_by_the_token_in_their_urls(self, locked: LocalEndpoint) -> None:
        params = {"token": locked.plane.worker_token}
        assert httpx.get(f"{locked.url}/ping/w", params=params).status_code == 200
        assert httpx.get(f"{locked.url}/health", params=params).status_code == 401

    def test_no_repr_shows_a_secret(self, locked: LocalEndpoint) -> None:
        assert "open-sesame" not in repr(locked.plane)
        assert locked.plane.worker_token not in repr(locked.plane)


def test_a_ping_may_name_a_thousand_jobs(bare: LocalEndpoint, http: httpx.Client) -> None:
    job_ids = ",".join(str(uuid.uuid4()) for _ in range(1000))
    known = bare.plane.workers.counts(set())["initializing"]
    assert http.get("/ping/busy", params={"job_id": job_ids}).status_code == 200
    assert bare.plane.workers.counts(set())["initializing"] == known + 1
    bare.plane.lose_worker("busy")
