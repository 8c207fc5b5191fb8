"""The state common to the client and worker routes: one endpoint's queue, its workers and its keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from local_runpod.long_polls import LongPolls
from local_runpod.queue import JobQueue
from local_runpod.webhooks import Webhooks
from local_runpod.worker_registry import WorkerRegistry
from voices.origins import KnownHosts


@dataclass(slots=True)
class ControlPlane:
    """One endpoint. Only the workers' state may be read outside the event loop's thread."""

    endpoint: str = "local"
    api_key: str | None = field(default=None, repr=False)
    hosts: KnownHosts = field(default_factory=lambda: KnownHosts((), is_for_this_machine=True))
    """The host names that clients may use."""
    take_wait_s: float = 5.0
    stop_wait_s: float = 20.0
    execution_timeout_s: float = 600.0
    """Execution timeout of a job whose policy names none."""
    webhooks: Webhooks = field(default_factory=Webhooks)
    queue: JobQueue = field(init=False)
    workers: WorkerRegistry = field(default_factory=WorkerRegistry)
    long_polls: LongPolls = field(default_factory=LongPolls)
    # Workers authenticate by a token in their URLs: if ~/.runpod/config.toml has a key, the SDK sends that
    # one instead of the key in its environment.
    worker_token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    def __post_init__(self) -> None:
        self.queue = JobQueue(on_end=self.webhooks.job_ended)

    def lose_worker(self, worker_id: str) -> None:
        """Forget a worker whose process has ended; its jobs are requeued or fail."""
        self.workers.left(worker_id)
        if self.queue.lose_worker(worker_id):
            self.long_polls.wake()

    def time_out_overdue(self) -> None:
        """End the jobs that exceeded their execution timeout, and stop them on their workers."""
        if self.queue.time_out_overdue():
            self.long_polls.wake()
