"""A worker that hangs within C, where none of its threads runs any more, is ended, and its jobs are told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hanging import HANGS
from scripted_speech_worker import command, environment
from storm import Storm
from timed import wait_until

from local_runpod import LocalEndpoint
from worker.service.outer_watchdog import Orders, _Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.process

SUPPORT = Path(__file__).parents[2] / "support"
LISTENING = re.compile(r"listening on (http://[0-9.:]+)")
SERVE = """
from hanging import plant
from worker.server.serve import serve
from worker.server.settings import ServerSettings
from worker.settings import Settings
plant()
serve(Settings(), ServerSettings())
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalEndpoint]]:
    """Start an endpoint whose worker has the planted rule."""
    begun: list[LocalEndpoint] = []

    def start(**variables: object) -> LocalEndpoint:
        env = environment(tmp_path / "voices", PLANTED=1, **variables)
        begun.append(LocalEndpoint(command, env=env))
        begun[-1].__enter__()
        begun[-1].wait_until_ready()
        return begun[-1]

    yield start
    for each in begun:
        each.close()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_rule_that_hangs_ends_the_worker_and_its_jobs_are_told(
    start: Callable[..., LocalEndpoint],
) -> None:
    endpoint = start(ENGINE_TIMEOUT_S=4)
    with Storm(endpoint.url) as storm:
        hung = storm.submit({"text": HANGS, "format": "pcm"})
        wait_until(lambda: storm.poll(hung))
        assert hung.status == "FAILED"
        told = json.loads(hung.error)
        assert (told["code"], told["retry_after_s"]) == ("engine_failure", 10.0)
        wait_until(lambda: endpoint.exit_code() is not None)
        assert endpoint.exit_code() == signal.SIGUSR1
        assert "split_text" in endpoint.worker_log()  # where it was
        endpoint.restart_worker()
        [after] = storm.run([{"text": "Hello.", "format": "pcm"}])
        assert after.is_whole


def test_told_to_end_a_worker_that_hangs_ends_after_its_grace(start: Callable[..., LocalEndpoint]) -> None:
    endpoint = start(ENGINE_TIMEOUT_S=0, SHUTDOWN_GRACE_S=0)
    (pid,) = endpoint.worker_pids
    before = cpu_seconds(pid)
    with Storm(endpoint.url) as storm:
        hung = storm.submit({"text": HANGS, "format": "pcm"})
        wait_until(lambda: cpu_seconds(pid) > before + 1)
        endpoint.terminate_worker()
        wait_until(lambda: endpoint.exit_code() is not None)
        assert endpoint.exit_code() == signal.SIGUSR1
        wait_until(lambda: storm.poll(hung))
        assert hung.status == "FAILED"


def test_a_worker_that_was_stopped_goes_on(start: Callable[..., LocalEndpoint]) -> None:
    endpoint = start(ENGINE_TIMEOUT_S=2, BLOCK_S=0.1)
    (pid,) = endpoint.worker_pids
    with Storm(endpoint.url) as storm:
        job = storm.submit({"text": "a" * 100, "format": "pcm"})
        wait_until(lambda: storm.poll(job) or job.audio)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(5)
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: storm.poll(job))
        assert job.is_whole
    endpoint.check_workers()


def test_a_server_that_hangs_is_ended(tmp_path: Path) -> None:
    env = {
        **environment(tmp_path, ENGINE="preview", ENGINE_TIMEOUT_S=4, PORT=0),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])]),
    }
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=env, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        listening = next(match for line in server.stderr if (match := LISTENING.search(line)))
        wait_until(lambda: httpx.get(f"{listening[1]}/ping").status_code == 200)
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{listening[1]}/tts/generate", json={"text": HANGS}, timeout=60)
        log = server.stderr.read()
    assert server.returncode == signal.SIGUSR1
    assert "has made no progress" in log


@pytest.mark.parametrize(
    ("limit_s", "silent_s", "is_silent"), [(1, 2.5, False), (1, 3.5, True), (0, 1e6, False)]
)
def test_a_healthy_workers_beats_may_come_late(limit_s: float, silent_s: float, is_silent: bool) -> None:
    with socket.socket() as wire:
        watch = _Watch(wire, Orders(os.getpid(), limit_s, None, ""))
        watch._silent_s = silent_s
        assert watch._is_silent() is is_silent
