"""A process that is stopped for seconds, and one that may open no more files: both go on when it is over."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from scripted_speech_worker import command, environment
from storm import Storm
from timed import wait_until

from local_runpod.local_endpoint import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process

STOPPED_S = 2.0
FEW_FILES = 64
TEXT = "This sentence is spoken again and again. " * 60
PATIENCE_S = 60


class Site:
    """An HTTP server of its own process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port = process, port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    @property
    def open_files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    @property
    def processor_s(self) -> float:
        """How long it has computed."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ping", timeout=PATIENCE_S).status_code == 200
        except httpx.HTTPError:
            return False

    def speak(self, text: str = "Hello.") -> httpx.Response:
        order = {"text": text, "format": "pcm", "seed": 1}
        return httpx.post(f"{self.url}/tts/generate", json=order, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"ENGINE": "preview", "VOICES_DIR": str(folder), "PORT": str(port), "HEADER_TIMEOUT_S": "60"}
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "serve"], env={**os.environ, **given}, stdout=file, stderr=file
        )
    with process:
        site = Site(process, port, log)
        wait_until(lambda: process.poll() is not None or site.is_well())
        yield site
        process.terminate()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Let a process do nothing, as a machine that is paused or out of memory does."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class TestStoppedForSeconds:
    def test_a_server_s_stream_goes_on(self, site: Site) -> None:
        whole = site.speak(TEXT).content
        order = {"text": TEXT, "format": "pcm", "seed": 1}
        with httpx.stream("POST", f"{site.url}/tts/generate", json=order, timeout=PATIENCE_S) as answer:
            chunks = answer.iter_raw()
            heard = next(chunks)
            with stopped(site.process.pid):
                time.sleep(STOPPED_S)
            heard += b"".join(chunks)
        assert len(heard) == pytest.approx(len(whole), rel=0.001)  # espeak-ng's length varies by a sample
        assert site.is_well()

    def test_a_queue_worker_s_jobs_go_on(self, tmp_path: Path) -> None:
        env = environment(tmp_path / "voices", MAX_CONCURRENCY=4, BLOCK_S=0.02)
        with LocalEndpoint(command, env) as endpoint, Storm(endpoint.url) as storm:
            endpoint.wait_until_ready()
            jobs = [storm.submit({"text": "a" * 500, "format": "pcm"}) for _ in range(3)]
            while not all(job.audio for job in jobs):
                for job in jobs:
                    storm.poll(job)
            with stopped(endpoint.worker_pids[0]):
                time.sleep(STOPPED_S)
            jobs += storm.run([{"text": "a" * 50, "format": "pcm"} for _ in range(4)])
            for job in jobs[:3]:
                wait_until(lambda job=job: storm.poll(job))
            assert all(job.is_whole for job in jobs)
            endpoint.check_workers()


class TestWithoutFilesToOpen:
    @pytest.fixture
    def few_files(self, site: Site) -> Iterator[Site]:
        before = resource.prlimit(site.process.pid, resource.RLIMIT_NOFILE, (FEW_FILES, _hard()))
        yield site
        resource.prlimit(site.process.pid, resource.RLIMIT_NOFILE, before)

    def test_connections_beyond_wait_and_the_server_recovers(self, few_files: Site) -> None:
        site = few_files
        assert site.speak().status_code == 200
        body = json.dumps({"text": "Hello.", "format": "pcm"}).encode()
        head = (
            "POST /tts/generate HTTP/1.1\r\nHost: x.localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        with ExitStack() as stack:
            sockets = [
                stack.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE_S))
                for _ in range(3 * FEW_FILES)
            ]
            wait_until(lambda: site.open_files >= FEW_FILES)
            lines, used = len(site.log.read_bytes().splitlines()), site.processor_s
            time.sleep(STOPPED_S)
            assert site.processor_s - used < STOPPED_S / 2
            assert len(site.log.read_bytes().splitlines()) - lines < 50
            # One that was let in is answered all the same.
            sockets[0].sendall(head.encode() + body)
            answer = b"".join(iter(lambda: sockets[0].recv(65_536), b""))
            assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")), answer[:300]
        wait_until(lambda: site.open_files < FEW_FILES)
        assert site.is_well()
        assert site.speak().status_code == 200
        assert site.process.poll() is None


def _hard() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
