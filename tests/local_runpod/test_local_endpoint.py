"""Workers as processes: started, watched, killed, replaced and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local_runpod import LocalEndpoint, WorkerDied

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(look: object, timeout: float = 15) -> None:
    assert callable(look)
    deadline = time.monotonic() + timeout
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_that_dies_before_its_first_poll_is_reported_with_its_log() -> None:
    command = [sys.executable, "-c", "import sys; print('no weights here'); sys.exit(3)"]
    with LocalEndpoint(command) as endpoint, pytest.raises(WorkerDied, match=r"(?s)code 3.*no weights here"):
        endpoint.wait_until_ready(10)


def test_a_worker_that_never_polls_is_reported_with_its_log() -> None:
    command = [sys.executable, "-c", "import time; print('loading'); time.sleep(60)"]
    with LocalEndpoint(command, stop_grace_s=0) as endpoint, pytest.raises(TimeoutError, match="not ready"):
        endpoint.wait_until_ready(0.5)


def test_the_environment_reaches_the_worker() -> None:
    script = "import os; print(os.environ['ENGINE'], os.environ['RUNPOD_WEBHOOK_GET_JOB'])"
    expected = r"preview http://127\.0\.0\.1:\d+/v2/local/job-take/\$ID\?"
    local = LocalEndpoint([sys.executable, "-c", script], env={"ENGINE": "preview"})
    with local as endpoint, pytest.raises(WorkerDied, match=expected):
        endpoint.wait_until_ready(10)


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address"), LocalEndpoint(workers=0, port=taken.getsockname()[1]):
            pass


def test_a_killed_worker_fails_its_streaming_job_and_its_successor_runs_the_next(
    worker_command: list[str],
) -> None:
    with LocalEndpoint(worker_command, env={"RUNPOD_PING_INTERVAL": "1000"}) as endpoint:
        endpoint.wait_until_ready(60)
        group = endpoint._workers[0]._process.pid
        with httpx.Client(base_url=endpoint.url) as http:
            job_id = http.post("/run", json={"input": {"chunks": 100, "pause": 0.1}}).json()["id"]
            wait_until(lambda: http.get(f"/stream/{job_id}").json()["stream"])
            waiting = http.post("/run", json={"input": {"chunks": 1}})
            endpoint.restart_worker()
            wait_until(lambda: not is_group_alive(group), 5)
            wait_until(lambda: http.get(f"/status/{job_id}").json()["status"] == "FAILED")
            assert "was lost" in http.get(f"/status/{job_id}").json()["error"]
            endpoint.wait_until_ready(60)
            wait_until(
                lambda: (
                    http.get(f"/status/{waiting.json()['id']}").json()["status"] in {"COMPLETED", "FAILED"}
                )
            )
        group = endpoint._workers[0]._process.pid
    assert not is_group_alive(group)


def test_the_command_line_serves_until_it_is_interrupted(worker_command: list[str]) -> None:
    command = [sys.executable, "-m", "local_runpod", "--port", "0", "--", *worker_command]
    # Whoever runs the tests in the background has SIGINT ignored, and so would this.
    command = ["env", "--default-signal=INT", *command]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        url = ""
        while not url:
            line = process.stdout.readline().decode()
            assert line, "it ended"
            url = line.partition("ready: ")[2].strip()
        assert httpx.get(f"{url}/health").json()["workers"]["ready"] == 1
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()
        assert process.wait(15) == 0
    assert f"{url}/runsync" in rest
    assert rest.rstrip().endswith("Ended.")


def test_the_command_line_ends_with_its_worker() -> None:
    command = [sys.executable, "-m", "local_runpod", "--port", "0", "--", sys.executable, "-c", "exit(2)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "exit code 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_cannot_be_had_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "local_runpod", "--port", port],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use. Choose another address with --port" in ended.stderr
    assert "Traceback" not in ended.stderr
