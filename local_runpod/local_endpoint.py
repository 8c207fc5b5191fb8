"""A RunPod endpoint on this machine: the control plane and its workers, started and ended together."""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local_runpod.app import worker_urls
from local_runpod.control_plane import ControlPlane
from local_runpod.server import ControlPlaneServer
from local_runpod.worker_process import DEFAULT_COMMAND, WorkerProcess
from voices.origins import LOOPBACK, KnownHosts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

READY_TIMEOUT_S = 120.0
LOOK_EVERY_S = 0.01


class LocalEndpoint:
    """A context manager that runs an endpoint with `workers` processes of `command`.

    `env` is added to the workers' environment. With an `api_key`, clients must send it as a bearer token.
    `allowed_hosts` are the host names that clients may use, see `KnownHosts`. The workers' logs go to files,
    which `WorkerDied` quotes, or with `inherit_log` to this terminal.
    """

    def __init__(
        self,
        command: Sequence[str] = DEFAULT_COMMAND,
        env: Mapping[str, str] | None = None,
        workers: int = 1,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        allowed_hosts: Iterable[str] = (),
        inherit_log: bool = False,
        stop_grace_s: float = 3.0,
    ) -> None:
        hosts = KnownHosts(allowed_hosts, is_for_this_machine=api_key is None and host in LOOPBACK)
        self.plane = ControlPlane(api_key=api_key, hosts=hosts)
        self._command, self._env, self._count = command, env, workers
        self._inherit_log = inherit_log
        self._stop_grace_s = stop_grace_s
        self._server = ControlPlaneServer(self.plane, host, port, self._notice_deaths)
        self._names = (f"local-{number}" for number in itertools.count(1))
        self._workers: list[WorkerProcess] = []
        self._logs = tempfile.TemporaryDirectory(prefix="control-plane-", ignore_cleanup_errors=True)

    def __enter__(self) -> Self:
        try:
            self._server.start()
            for _ in range(self._count):
                self._workers.append(self._start_worker())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL for clients; the counterpart of `https://api.runpod.ai/v2/<endpoint id>`."""
        return f"{self._server.base}/v2/{self.plane.endpoint}"

    @property
    def worker_pids(self) -> list[int]:
        """The workers' process ids, for measuring their resource use."""
        return [worker.pid for worker in self._workers]

    def wait_until_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        """Return when every worker has asked for a job.

        Raises WorkerDied, with the end of its log, if a worker ends before that, and TimeoutError after
        `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        for worker in self._workers:
            while not self.plane.workers.is_ready(worker.id):
                worker.check()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"worker {worker.id} not ready in {timeout} s\n{worker.log_tail()}")
                time.sleep(LOOK_EVERY_S)

    def check_workers(self) -> None:
        """Raise WorkerDied if a worker has ended on its own."""
        for worker in self._workers:
            worker.check()

    def exit_code(self, index: int = 0) -> int | None:
        """Return one worker's exit code; None while it runs."""
        return self._workers[index].exit_code

    def terminate_worker(self, index: int = 0) -> None:
        """Ask one worker to finish its jobs and end, as RunPod does when it scales down."""
        self._workers[index].terminate()

    def kill_worker(self, index: int = 0) -> None:
        """Kill one worker, as a crash would; its jobs are requeued or fail within a moment."""
        self._workers[index].stop()

    def restart_worker(self, index: int = 0) -> None:
        """Kill one worker and start another in its place, without waiting for it."""
        self.kill_worker(index)
        self._lose(self._workers[index])
        self._workers[index] = self._start_worker()

    def worker_log(self, index: int = 0) -> str:
        """Return the end of one worker's log."""
        return self._workers[index].log_tail()

    def close(self) -> None:
        """End the workers, which get `stop_grace_s` to finish, and then the control plane."""
        self._server.close_polls()
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + self._stop_grace_s
        for worker in self._workers:
            worker.stop(max(0.0, deadline - time.monotonic()))
        self._server.stop()
        self._logs.cleanup()

    def _start_worker(self) -> WorkerProcess:
        # A new id each time: a successor must not inherit the state of a dead worker.
        worker_id = next(self._names)
        return WorkerProcess(
            worker_id,
            worker_urls(self.plane, self._server.base),
            command=self._command,
            env=self._env,
            log_path=None if self._inherit_log else Path(self._logs.name) / f"{worker_id}.log",
        )

    def _notice_deaths(self) -> None:
        for worker in self._workers:
            if not worker.is_alive:
                worker.stop()  # its ping child would go on reporting it as alive
                self.plane.lose_worker(worker.id)

    def _lose(self, worker: WorkerProcess) -> None:
        self._server.call(lambda: self.plane.lose_worker(worker.id))
