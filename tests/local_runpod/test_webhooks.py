"""A job's webhook: a real server is told how the job ended, again until it answers 200."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local_runpod import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


class Receiver:
    """An application's server, which answers with the statuses given and then with 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.told: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append(json.loads(body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ended?who=me"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 30
        while len(self.told) < count:
            assert time.monotonic() < deadline, self.told
            time.sleep(0.01)
        return self.told

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def bare() -> Iterator[LocalEndpoint]:
    with LocalEndpoint(workers=0) as endpoint:
        endpoint.plane.take_wait_s = 0.2
        endpoint.plane.webhooks.retry_after_s = 0.05
        yield endpoint


@pytest.fixture
def http(bare: LocalEndpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bare.url, timeout=30) as client:
        yield client


def submit(http: httpx.Client, webhook: Any, path: str = "/run") -> str:
    return str(http.post(path, json={"input": {"text": "x"}, "webhook": webhook}).json()["id"])


def end(http: httpx.Client, **result: Any) -> None:
    job = http.get("/job-take/w", params={"gpu": "x", "job_in_progress": "0"}).json()
    http.post(f"/job-done/w/{job['id']}", json=result).raise_for_status()


@pytest.mark.parametrize(
    ("result", "status"), [({"output": [{"type": "end"}]}, "COMPLETED"), ({"error": "boom"}, "FAILED")]
)
def test_it_is_told_what_the_status_route_tells(
    http: httpx.Client, receiver: Receiver, result: dict[str, Any], status: str
) -> None:
    job_id = submit(http, receiver.url)
    end(http, **result)
    (told,) = receiver.wait_for(1)
    assert told == http.get(f"/status/{job_id}").json()
    assert told["status"] == status


def test_a_cancelled_job_is_told_too(http: httpx.Client, receiver: Receiver) -> None:
    job_id = submit(http, receiver.url)
    http.post(f"/cancel/{job_id}")
    assert receiver.wait_for(1)[0]["status"] == "CANCELLED"


@pytest.mark.parametrize("status", [201, 302, 404, 500])
def test_an_answer_other_than_200_is_asked_for_twice_more(
    http: httpx.Client, receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status] * 5
    submit(http, receiver.url)
    end(http, output=[])
    receiver.wait_for(3)
    marker = Receiver()  # what is told later is told after a fourth attempt would have been
    try:
        for _ in range(3):
            submit(http, marker.url)
            end(http, output=[])
        marker.wait_for(3)
        time.sleep(0.2)
    finally:
        marker.close()
    assert len(receiver.told) == 3


def test_it_is_told_once_it_answers(http: httpx.Client, receiver: Receiver) -> None:
    receiver.statuses = [503]
    submit(http, receiver.url)
    end(http, output=[1])
    assert [told["output"] for told in receiver.wait_for(2)] == [[1], [1]]


def test_a_server_that_is_not_there_costs_nobody_else(http: httpx.Client, receiver: Receiver) -> None:
    submit(http, "http://127.0.0.1:1/nobody")
    end(http, output=[])
    submit(http, receiver.url)
    end(http, output=[])
    receiver.wait_for(1)


@pytest.mark.parametrize("path", ["/run", "/runsync?wait=1000"])
@pytest.mark.parametrize(
    "webhook", ["ftp://x/", "x", 3, ["http://x"], {"url": "http://x"}, "http://", "http://[x/", True,
                "http://x:99999/", "file:///etc/passwd", "http://x/" + 3000 * "x"],
)  # fmt: skip
def test_what_is_no_url_is_refused(http: httpx.Client, path: str, webhook: Any) -> None:
    answer = http.post(path, json={"input": {}, "webhook": webhook})
    assert answer.status_code == 400
    assert "webhook" in answer.json()["error"]


@pytest.mark.parametrize("webhook", [None, ""])
def test_no_webhook_is_none(http: httpx.Client, webhook: Any) -> None:
    submit(http, webhook)
    end(http, output=[])
