"""A second process that kills the worker when it hangs, even inside C code.

A loop in C, such as a regular expression of exponential time, holds the GIL: then no other Python thread and
no Python signal handler of the worker can run. So the worker's event loop sends a beat every second to a
second process, with the ids of the jobs that it holds. If the beats stop, that process reports the jobs to
RunPod as failed, since a retry would hang the next worker as well, and then kills the worker.

It is started often, so it imports only the standard library.
"""

import asyncio
import contextlib
import ctypes
import faulthandler
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

_BEAT_EVERY_S = 1.0
_SILENT_SHARE = 0.75
"""Share of the limit for silence; the rest is for reporting the jobs."""
_FEWEST_BEATS = 3
_TELLING_S = 5.0
_POSTS_AT_ONCE = 64
_DYING_S = 2.0
_MESSAGE_BYTES = 1 << 18
_END = signal.SIGUSR1
_STOPPED = frozenset("tT")


@dataclass(frozen=True)
class Orders:
    """The configuration of the second process."""

    worker: int
    """The worker's process id."""
    limit_s: float
    """Seconds without a beat after which the jobs are reported and the worker is killed; 0 waits for ever."""
    job_done_url: str | None
    """URL that takes a job's result, with ``$ID`` for the job; None without a job queue."""
    error: str
    """Error that the jobs end with, as JSON."""


class OuterWatchdog:
    """The worker's side: starts the second process and sends the beats from the event loop."""

    def __init__(self, limit_s: float, job_done_url: str | None = None, error: str = "") -> None:
        orders = Orders(os.getpid(), limit_s, job_done_url, error)
        self._wire, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MESSAGE_BYTES)
        self._wire.setblocking(False)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno()), json.dumps(asdict(orders))]
            self._process = subprocess.Popen(  # noqa: S603 - our own
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._beating: asyncio.Task[None] | None = None
        self._held_jobs: Callable[[], list[str]] = list
        # C functions only: they run even if another thread holds the GIL. SIGKILL from within a container
        # does not reach its first process.
        libc = ctypes.CDLL(None)
        libc.signal(_END, ctypes.cast(libc._exit, ctypes.c_void_p))  # noqa: SLF001 - C's name
        faulthandler.register(_END, all_threads=True, chain=True)

    def begin(self, held_jobs: Callable[[], list[str]] = list, told_to_end_s: float | None = None) -> None:
        """Start to beat on the running event loop; ``held_jobs`` returns the ids of the jobs in progress.

        With ``told_to_end_s`` the worker is killed that many seconds after a SIGTERM, even if it hangs. The
        loop's own signal handlers must be installed before.
        """
        if self._beating is not None:
            return
        self._held_jobs = held_jobs
        self._beating = asyncio.get_running_loop().create_task(self._beat_on())
        if told_to_end_s is not None:
            self._send({"told_to_end_s": told_to_end_s})
            faulthandler.register(signal.SIGTERM, self._wire, all_threads=False, chain=True)

    def beat(self) -> None:
        """Report progress and the jobs in progress; also called before each job begins."""
        if self._beating is not None:
            self._send({"jobs": self._held_jobs()})

    async def _beat_on(self) -> None:
        while True:
            self.beat()
            await asyncio.sleep(_BEAT_EVERY_S)

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the second process was killed or stopped: the worker goes on
            self._wire.send(json.dumps(message).encode())


class _Watch:
    """The second process's side: watches the worker until one of them ends."""

    def __init__(self, wire: socket.socket, orders: Orders) -> None:
        self._wire = wire
        self._orders = orders
        self._jobs: list[str] = []
        self._silent_s: float | None = None
        """None until the first beat."""
        self._told_to_end_s = float("inf")
        self._over_at = float("inf")

    def run(self) -> None:
        """Watch until the worker's process is gone."""
        while os.getppid() == self._orders.worker:
            looked_at = time.monotonic()
            if select.select([self._wire], [], [], _BEAT_EVERY_S)[0]:
                self._take(self._wire.recv(_MESSAGE_BYTES))
            elif self._silent_s is not None and not self._is_stopped():
                # Bounded per look: the time that a frozen machine loses is no silence.
                self._silent_s += min(time.monotonic() - looked_at, 2 * _BEAT_EVERY_S)
            if self._is_silent():
                self._end_worker(f"has made no progress for {self._silent_s:.0f} s")
                return
            if time.monotonic() > self._over_at:
                self._end_worker(f"is still running {self._told_to_end_s:.0f} s after SIGTERM")
                return

    def _take(self, data: bytes) -> None:
        try:
            message = json.loads(data)
        except ValueError:
            message = None
        if not isinstance(message, dict):  # faulthandler's traceback: the worker got SIGTERM
            self._over_at = min(self._over_at, time.monotonic() + self._told_to_end_s)
            return
        self._told_to_end_s = message.get("told_to_end_s", self._told_to_end_s)
        if "jobs" in message:
            self._jobs, self._silent_s = message["jobs"], 0.0

    def _is_silent(self) -> bool:
        if not self._orders.limit_s:
            return False
        # The beats of a healthy worker may be late, too.
        limit_s = max(self._orders.limit_s * _SILENT_SHARE, _FEWEST_BEATS * _BEAT_EVERY_S)
        return (self._silent_s or 0.0) > limit_s

    def _is_stopped(self) -> bool:
        """Whether the worker is stopped by SIGSTOP or a debugger, and may be continued."""
        try:
            status = Path(f"/proc/{self._orders.worker}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # not Linux
            return False
        return status.rpartition(")")[2].split()[0] in _STOPPED

    def _end_worker(self, why: str) -> None:
        sys.stderr.write(f"the worker {why}: it is killed\n")
        self._tell_jobs()
        for number in (_END, signal.SIGKILL):
            if os.getppid() != self._orders.worker:
                return
            os.kill(self._orders.worker, number)
            deadline = time.monotonic() + _DYING_S
            while os.getppid() == self._orders.worker and time.monotonic() < deadline:
                time.sleep(_BEAT_EVERY_S / 20)

    def _tell_jobs(self) -> None:
        if self._orders.job_done_url is None or not self._jobs:
            return
        with ThreadPoolExecutor(_POSTS_AT_ONCE) as pool:
            for job, fault in zip(self._jobs, pool.map(self._tell, self._jobs), strict=True):
                if fault is not None:
                    sys.stderr.write(f"the failure of job {job} could not be posted: {fault}\n")

    def _tell(self, job: str) -> str | None:
        assert self._orders.job_done_url is not None  # noqa: S101 - checked above
        report = Request(  # noqa: S310 - RunPod's own
            f"{self._orders.job_done_url.replace('$ID', quote(job, safe=''))}&isStream=false",
            json.dumps({"error": self._orders.error}).encode(),
            {
                "Authorization": os.environ.get("RUNPOD_AI_API_KEY", ""),
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Request-ID": job,
            },
        )
        try:
            with urlopen(report, timeout=_TELLING_S):  # noqa: S310 - RunPod's own
                return None
        except (OSError, ValueError, HTTPException) as error:
            return str(error)


def main() -> None:
    """Watch the worker that started this process."""
    # A signal to the whole process group must not end this process before the worker.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as wire:
        _Watch(wire, Orders(**json.loads(sys.argv[2]))).run()


if __name__ == "__main__":
    main()
