"""The queue's state machine: which job may be taken, finished or cancelled, and when. No HTTP, no threads."""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from local_runpod.jobs import JobStatus, QueuedJob

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TAKES = 2
"""A job whose worker was lost runs once more, then fails: the job itself may crash workers."""

STOP_AGAIN_AFTER_S = 0.5
"""The SDK ignores a stop for a job that it has taken but not started, so the stop is repeated."""


class JobNotFound(KeyError):
    """No such job: it was never submitted, or it was forgotten."""


class JobQueue:
    """All jobs of one endpoint, in the order of their arrival.

    Finished jobs are kept up to `keep_finished` in number and `keep_bytes` of results (always the newest),
    which bounds the memory. `on_end` is called for each job that ends.
    """

    def __init__(
        self,
        *,
        keep_finished: int = 256,
        keep_bytes: int = 100_000_000,
        clock: Callable[[], float] = time.monotonic,
        on_end: Callable[[QueuedJob], None] = lambda _: None,
    ) -> None:
        self._on_end = on_end
        self._clock = clock
        self._keep_finished = keep_finished
        self._keep_bytes = keep_bytes
        self._jobs: dict[str, QueuedJob] = {}
        self._waiting: deque[QueuedJob] = deque()
        self._running: dict[str, QueuedJob] = {}
        self._finished: deque[str] = deque()
        self._stops: dict[str, list[str]] = {}
        self._totals: Counter[str] = Counter()

    def submit(
        self,
        job_input: Any,
        *,
        execution_timeout_s: float | None = None,
        result_limit_bytes: int | None = None,
        webhook: str | None = None,
    ) -> QueuedJob:
        """Queue a job and return it."""
        job = QueuedJob(
            id=f"{uuid.uuid4()}-local",
            input=job_input,
            queued_at=self._clock(),
            execution_timeout_s=execution_timeout_s,
            result_limit_bytes=result_limit_bytes,
            webhook=webhook,
        )
        self._jobs[job.id] = job
        self._waiting.append(job)
        return job

    def get(self, job_id: str) -> QueuedJob:
        """Return the job of that id; raise JobNotFound."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise JobNotFound(job_id) from None

    def take(self, worker_id: str, limit: int = 1) -> list[QueuedJob]:
        """Give the oldest waiting jobs, at most `limit`, to a worker."""
        jobs = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        for job in jobs:
            job.status, job.worker_id, job.taken_at = JobStatus.IN_PROGRESS, worker_id, self._clock()
            job.takes += 1
            self._running[job.id] = job
        return jobs

    def add_item(self, job_id: str, worker_id: str, item: Any, size_bytes: int = 0) -> bool:
        """Keep one streamed item until a client drains it; raise JobNotFound.

        Return False, and drop the item, if the job was taken away from the worker that posts it.
        """
        job = self.get(job_id)
        if self._is_held_by(job, worker_id):
            job.items_seen += 1
            job.undrained.append(item)
            job.undrained_bytes += size_bytes
            return True
        if job.finished_at is not None and self._clock() - job.finished_at > STOP_AGAIN_AFTER_S:
            self._signal_stop(worker_id, job_id)
        return False

    def report_progress(self, job_id: str, worker_id: str, output: Any) -> None:
        """Show an intermediate output of a running job in its status; raise JobNotFound."""
        job = self.get(job_id)
        if self._is_held_by(job, worker_id):
            job.output = output

    def finish(
        self, job_id: str, worker_id: str, *, output: Any = None, error: Any = None, size_bytes: int = 0
    ) -> None:
        """Record a worker's result: FAILED if there is an error, else COMPLETED; raise JobNotFound."""
        job = self.get(job_id)
        if not self._is_held_by(job, worker_id):
            return
        job.output, job.error, job.result_bytes = output, error, size_bytes
        self._end(job, JobStatus.FAILED if error else JobStatus.COMPLETED)

    def drain(self, job_id: str) -> list[Any]:
        """Return the items since the last drain; raise JobNotFound."""
        job = self.get(job_id)
        items, job.undrained, job.undrained_bytes = job.undrained, [], 0
        return items

    def cancel(self, job_id: str) -> QueuedJob:
        """Cancel a job that is not finished, and stop it on its worker if it runs; raise JobNotFound."""
        job = self.get(job_id)
        if not job.status.is_final:
            self._withdraw(job, JobStatus.CANCELLED)
        return job

    def purge(self) -> int:
        """Cancel every queued job; return how many there were."""
        waiting = list(self._waiting)
        for job in waiting:
            self._withdraw(job, JobStatus.CANCELLED)
        return len(waiting)

    def time_out_overdue(self) -> list[QueuedJob]:
        """End and return the running jobs that have exceeded their execution timeout."""
        now = self._clock()
        overdue = [job for job in self._running.values() if job.is_overdue(now)]
        for job in overdue:
            job.error = f"job exceeded its execution timeout of {job.execution_timeout_s} s"
            self._withdraw(job, JobStatus.TIMED_OUT)
        return overdue

    def take_stops(self, worker_id: str) -> list[str]:
        """Return the ids of the jobs that a worker is to stop, each once."""
        return self._stops.pop(worker_id, [])

    def lose_worker(self, worker_id: str) -> list[QueuedJob]:
        """Requeue a dead worker's jobs; fail those that had streamed or were lost before; return all of them.

        A second run after streaming would repeat items that the client has already received.
        """
        self._stops.pop(worker_id, None)
        held = [job for job in self._running.values() if job.worker_id == worker_id]
        for job in reversed(held):  # each goes to the front, so the oldest goes last
            if job.items_seen or job.takes >= MAX_TAKES:
                job.error = f"worker {worker_id} was lost while it ran this job"
                self._end(job, JobStatus.FAILED)
            else:
                del self._running[job.id]
                job.status, job.worker_id, job.taken_at = JobStatus.IN_QUEUE, None, None
                self._waiting.appendleft(job)
                self._totals["retried"] += 1
        return held

    def busy_workers(self) -> set[str]:
        """Return the ids of the workers that hold a job."""
        return {job.worker_id for job in self._running.values() if job.worker_id is not None}

    def counts(self) -> dict[str, int]:
        """Return how many jobs wait and run now, and how many have ended in each state since the start."""
        return {
            "completed": self._totals[JobStatus.COMPLETED],
            "failed": self._totals[JobStatus.FAILED] + self._totals[JobStatus.TIMED_OUT],
            "cancelled": self._totals[JobStatus.CANCELLED],
            "inProgress": len(self._running),
            "inQueue": len(self._waiting),
            "retried": self._totals["retried"],
        }

    def _is_held_by(self, job: QueuedJob, worker_id: str) -> bool:
        return job.status is JobStatus.IN_PROGRESS and job.worker_id == worker_id

    def _withdraw(self, job: QueuedJob, status: JobStatus) -> None:
        if job.status is JobStatus.IN_QUEUE:
            self._waiting.remove(job)
        elif job.worker_id is not None:
            self._signal_stop(job.worker_id, job.id)
        self._end(job, status)

    def _signal_stop(self, worker_id: str, job_id: str) -> None:
        pending = self._stops.setdefault(worker_id, [])
        if job_id not in pending:
            pending.append(job_id)

    def _end(self, job: QueuedJob, status: JobStatus) -> None:
        self._running.pop(job.id, None)
        job.status, job.finished_at, job.input = status, self._clock(), None
        self._totals[status] += 1
        self._finished.append(job.id)
        self._on_end(job)
        self._forget()

    def _forget(self) -> None:
        held = sum(self._jobs[job_id].held_bytes for job_id in self._finished)
        while len(self._finished) > 1 and (
            len(self._finished) > self._keep_finished or held > self._keep_bytes
        ):
            held -= self._jobs.pop(self._finished.popleft()).held_bytes
