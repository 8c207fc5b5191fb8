"""A worker in a separate process, with the environment that RunPod would give it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

DEFAULT_COMMAND = (sys.executable, "-m", "worker")
LOG_TAIL_BYTES = 4_000
REAP_TIMEOUT_S = 10.0

SDK_ENVIRONMENT = {
    "RUNPOD_AI_API_KEY": "local",  # without a key the SDK does not ping
    "RUNPOD_LOG_LEVEL": "INFO",  # the default, DEBUG, prints every audio chunk
    "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
    "RUNPOD_SKIP_GPU_CHECK": "true",
    "PYTHONUNBUFFERED": "1",  # a buffered log would lose its end in a crash
}


class WorkerDied(RuntimeError):
    """The worker's process ended on its own; the message contains the end of its log."""


class WorkerProcess:
    """One running worker in its own session, so that its ping child can be ended with it.

    `urls` are the SDK's URL templates, `env` further environment variables. The log goes to `log_path`, or to
    this process's output if that is None.
    """

    def __init__(
        self,
        worker_id: str,
        urls: Mapping[str, str],
        *,
        command: Sequence[str] = DEFAULT_COMMAND,
        env: Mapping[str, str] | None = None,
        log_path: Path | None = None,
    ) -> None:
        self.id = worker_id
        self._log_path = log_path
        self._is_swept = False
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(log_path.open("ab")) if log_path is not None else None
            self._process = subprocess.Popen(  # noqa: S603 - the command comes from the caller
                list(command),
                env={**os.environ, **SDK_ENVIRONMENT, **urls, "RUNPOD_POD_ID": worker_id, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log is not None else None,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._process.pid

    def check(self) -> None:
        """Raise WorkerDied, with the end of the log, if the process has ended."""
        if (code := self.exit_code) is not None:
            raise WorkerDied(f"worker {self.id} ended with exit code {code}\n{self.log_tail()}".rstrip())

    def log_tail(self) -> str:
        """Return the end of the log; empty if the log is not kept in a file."""
        if self._log_path is None:
            return ""
        with self._log_path.open("rb") as log:
            log.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")

    def terminate(self) -> None:
        """Ask the worker to finish its jobs and end."""
        if self.is_alive:
            self._signal_group(signal.SIGTERM)

    def stop(self, grace_s: float = 0.0) -> None:
        """End the worker and its child processes; kill those left after `grace_s`."""
        if self._is_swept:  # the group id may have been reused by now
            return
        if grace_s > 0:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
        # Even after a clean exit: a ping child may outlive its worker.
        self._signal_group(signal.SIGKILL)
        self._process.wait(REAP_TIMEOUT_S)
        self._is_swept = True

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
