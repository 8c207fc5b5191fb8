"""One job and its states, as RunPod's clients see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """State of a job; the last four are final."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state can never change again."""
        return self not in {JobStatus.IN_QUEUE, JobStatus.IN_PROGRESS}


@dataclass(slots=True)
class QueuedJob:
    """The queue's record of a job; times are seconds of the queue's own clock."""

    id: str
    input: Any
    queued_at: float
    execution_timeout_s: float | None = None
    result_limit_bytes: int | None = None
    webhook: str | None = None
    status: JobStatus = JobStatus.IN_QUEUE
    worker_id: str | None = None
    taken_at: float | None = None
    finished_at: float | None = None
    output: Any = None
    error: Any = None
    takes: int = 0
    items_seen: int = 0
    undrained: list[Any] = field(default_factory=list)
    undrained_bytes: int = 0
    result_bytes: int = 0

    @property
    def delay_s(self) -> float | None:
        """Seconds spent waiting for a worker; None while it waits."""
        return None if self.taken_at is None else self.taken_at - self.queued_at

    @property
    def execution_s(self) -> float | None:
        """Seconds spent on a worker; None until it is finished, or if it never ran."""
        if self.taken_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.taken_at

    @property
    def held_bytes(self) -> int:
        """Size of the output held for its client, in bytes of JSON."""
        return self.undrained_bytes + self.result_bytes

    def is_overdue(self, now: float) -> bool:
        """Whether it has exceeded the execution timeout of its policy."""
        if self.taken_at is None or self.execution_timeout_s is None:
            return False
        return now - self.taken_at > self.execution_timeout_s
