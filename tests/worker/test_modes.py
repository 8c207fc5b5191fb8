"""``python -m worker`` in its modes, as a container's first process; and the image's health check."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from chatterpod import SpeechClient
from local_runpod.local_endpoint import LocalEndpoint
from worker.health_check import STALE_S, Heartbeat, complaint

pytestmark = pytest.mark.process

WORKER = [sys.executable, "-m", "worker"]
FIRST_PROCESS = ["unshare", "--fork", "--pid", "--kill-child", "--mount-proc"]
"""Starts a command with the process id 1, as a container does."""
if os.geteuid() != 0:
    FIRST_PROCESS.append("--map-root-user")

needs_namespaces = pytest.mark.skipif(
    subprocess.run([*FIRST_PROCESS, "true"], capture_output=True, check=False).returncode != 0,
    reason="this machine lets nobody make process namespaces",
)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def environment(tmp_path, port):
    """What the image says, on a port and with files of its own."""
    ours = {
        "ENGINE": "preview",
        "VOICES_DIR": str(tmp_path),
        "PORT": str(port),
        "HEARTBEAT_FILE": str(tmp_path / "heartbeat"),
    }
    return {**os.environ, **ours}


def _worker(environment):
    """Start it as the image does."""
    return subprocess.Popen(
        [*FIRST_PROCESS, *WORKER], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _processes(environment):
    """Return the worker's process and its children, the oldest first: all that have its heartbeat's path."""
    marker = f"HEARTBEAT_FILE={environment['HEARTBEAT_FILE']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, has_marker = (
                (process / "cmdline").read_bytes(),
                marker in (process / "environ").read_bytes(),
            )
        except OSError:  # it has ended, or is another's
            continue
        if has_marker and not command.startswith(b"unshare"):
            found.append(int(process.name))
    return sorted(found)


def _wait_until(is_so, seconds=30):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _health_check(environment):
    """Run what the image runs."""
    return subprocess.run(
        [sys.executable, "-m", "worker.health_check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@needs_namespaces
def test_told_to_serve_it_answers_http_and_ends_on_sigterm(environment, port):
    process = _worker({**environment, "MODE": "serve"})
    try:
        _wait_until(lambda: _health_check(environment).returncode == 0)
        answer = httpx.post(f"http://127.0.0.1:{port}/tts/generate", json={"text": "Hello."}, timeout=30)
        assert answer.headers["content-type"] == "audio/mpeg"
        os.kill(_processes(environment)[0], signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    finally:
        process.kill()
    assert _processes(environment) == []


@needs_namespaces
def test_on_the_queue_it_beats_and_leaves_nobody_behind_on_sigterm(environment):
    with LocalEndpoint([*FIRST_PROCESS, *WORKER], env=environment) as endpoint:
        endpoint.wait_until_ready()
        with SpeechClient(endpoint.url, timeout=60) as client:
            assert client.speak("Hello.", format="wav").read()
        checked = _health_check(environment)
        assert checked.returncode == 0, checked.stderr
        worker, *children = _processes(environment)
        assert children  # the SDK's pings
        os.kill(worker, signal.SIGTERM)
        _wait_until(lambda: not _processes(environment), 60)


def test_a_mode_that_there_is_not_is_named(environment):
    done = subprocess.run(
        WORKER, env={**environment, "MODE": "listen"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("MODE: Input should be 'queue' or 'serve'")


def test_a_worker_that_is_not_there_is_not_well(environment):
    checked = _health_check(environment)
    assert checked.returncode == 1
    assert f"port {environment['PORT']} does not answer" in checked.stderr


def test_an_old_heartbeat_is_none(environment):
    path = Path(environment["HEARTBEAT_FILE"])
    Heartbeat(path).beat()
    assert complaint(environment) is None
    long_ago = time.monotonic() - STALE_S - 1
    os.utime(path, (long_ago, long_ago))
    assert "no jobs are asked for" in complaint(environment)


@pytest.mark.parametrize("day", [86_400, -86_400])
def test_a_heartbeat_outlives_a_jump_of_the_wall_clock(environment, monkeypatch, day):
    Heartbeat(Path(environment["HEARTBEAT_FILE"])).beat()
    now = time.time() + day
    monkeypatch.setattr(time, "time", lambda: now)
    assert complaint(environment) is None


def test_a_heartbeat_from_before_the_machine_s_start_is_none(environment):
    path = Path(environment["HEARTBEAT_FILE"])
    path.touch()
    later = time.monotonic() + 1_000
    os.utime(path, (later, later))
    assert "no jobs are asked for" in complaint(environment)


def test_a_worker_begins_without_the_heartbeat_of_the_one_before(environment):
    path = Path(environment["HEARTBEAT_FILE"])
    path.touch()
    Heartbeat(path)
    assert not path.exists()


def test_a_heartbeat_that_cannot_be_written_is_none_of_the_job_s_trouble(tmp_path):
    (tmp_path / "file").touch()
    Heartbeat(tmp_path / "file" / "heartbeat").beat()


def test_the_health_check_imports_the_standard_library_alone():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import worker.health_check"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    installed = {"numpy", "pydantic", "httpx", "typer", "runpod", "torch", "voices"}
    assert not imported & installed
