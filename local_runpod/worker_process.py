"""A worker as a process of its own, with the environment that RunPod would give it."""

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
    "RUNPOD_AI_API_KEY": "local",  # without any the SDK does not ping
    "RUNPOD_LOG_LEVEL": "INFO",  # the default, DEBUG, prints every audio chunk
    "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
    "RUNPOD_SKIP_GPU_CHECK": "true",
    "PYTHONUNBUFFERED": "1",  # a log that ends early is no use
}


class WorkerDied(RuntimeError):
    """The worker's process ended on its own; the message carries the end of its log."""


class WorkerProcess:
    """One running worker, alone in its session so that its ping child can be ended with it.

    `urls` are the SDK's URL templates and `env` what else the worker is to see. The log goes to
    `log_path`, or where this process's output goes if that is None.
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
            self._process = subprocess.Popen(  # noqa: S603 - the command is the caller's own
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
        """What the process ended with; None while it runs."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """The process's id, which is its group's too."""
        return self._process.pid

    def check(self) -> None:
        """Raise WorkerDied, with the end of the log, if the process has ended."""
        if (code := self.exit_code) is not None:
            raise WorkerDied(f"worker {self.id} ended with exit code {code}\n{self.log_tail()}".rstrip())

    def log_tail(self) -> str:
        """Return the end of the log; empty when the log is not kept in a file."""
        if self._log_path is None:
            return ""
        with self._log_path.open("rb") as log:
            log.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")

    def terminate(self) -> None:
        """Ask the worker to finish what it runs and end."""
        if self.is_alive:
            self._signal_group(signal.SIGTERM)

    def stop(self, grace_s: float = 0.0) -> None:
        """End the worker and all that it started, killing whatever is left after `grace_s`."""
        if self._is_swept:  # the group's number may be another's by now
            return
        if grace_s > 0:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
        # Even after a clean exit: a ping child outlives a worker that was killed.
        self._signal_group(signal.SIGKILL)
        self._process.wait(REAP_TIMEOUT_S)
        self._is_swept = True

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
