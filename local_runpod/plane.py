"""What the two halves of the HTTP interface share: one endpoint's queue, its workers and its keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from local_runpod.bell import Bell
from local_runpod.queue import JobQueue
from local_runpod.roster import Roster
from local_runpod.webhooks import Webhooks
from voices.origins import KnownHosts


@dataclass(slots=True)
class Plane:
    """One endpoint. Everything but the roster's questions belongs to the event loop's thread."""

    endpoint: str = "local"
    api_key: str | None = field(default=None, repr=False)
    hosts: KnownHosts = field(default_factory=lambda: KnownHosts((), is_for_this_machine=True))
    """The names by which clients may ask for it."""
    take_wait_s: float = 5.0
    stop_wait_s: float = 20.0
    execution_timeout_s: float = 600.0
    """How long a job may run whose policy does not say."""
    webhooks: Webhooks = field(default_factory=Webhooks)
    queue: JobQueue = field(init=False)
    roster: Roster = field(default_factory=Roster)
    bell: Bell = field(default_factory=Bell)
    # Workers prove themselves by their URLs: the SDK sends the key of ~/.runpod/config.toml, if there is
    # one, in place of the key that its environment gives it.
    worker_token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    def __post_init__(self) -> None:
        self.queue = JobQueue(on_end=self.webhooks.job_ended)

    def lose_worker(self, worker_id: str) -> None:
        """Forget a worker whose process has ended; what it held is requeued or fails."""
        self.roster.left(worker_id)
        if self.queue.lose_worker(worker_id):
            self.bell.ring()

    def time_out_overdue(self) -> None:
        """End the jobs that exceeded their execution timeout, and tell their workers."""
        if self.queue.time_out_overdue():
            self.bell.ring()
