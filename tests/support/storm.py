"""A load of many concurrent jobs from one thread, with a check of each job's answer.

The events of each job go through the client's own checks (index without a gap, sha256), and so does
what came before a job failed: audio of another job would not pass them, nor the comparison with what
the same order sounds like alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx

from chatterpod import ClientError, SpeechStream
from local_runpod.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

POLL_EVERY_S = 0.05
"""All jobs are asked, one after the other, and then nothing for so long."""


@dataclass(eq=False)
class Followed:
    """One job, and all that its client has been given."""

    order: dict[str, Any]
    id: str
    status: str = "IN_QUEUE"
    error: Any = None
    audio: bytes = b""
    events: list[Any] = field(default_factory=list)
    stream: SpeechStream = field(default_factory=SpeechStream)
    fault: ClientError | None = None
    """What the client's checks found."""

    @property
    def is_whole(self) -> bool:
        """Whether its audio is complete and as the end event tells."""
        return self.fault is None and self.stream.is_complete

    def take(self, answer: dict[str, Any]) -> bool:
        """Take in a poll's answer; whether that was the last."""
        self.status, self.error = answer["status"], answer.get("error", self.error)
        for event in (item["output"] for item in answer["stream"]):
            self.events.append(event)
            if self.fault is None and not self.stream.is_complete:
                try:
                    self.audio += self.stream.feed(event)
                except ClientError as fault:
                    self.fault = fault
        return JobStatus(self.status).is_final and not answer["stream"]


class Storm:
    """Asks one endpoint; what it runs must be over within ``timeout_s``. A context manager."""

    def __init__(self, url: str, timeout_s: float = 240) -> None:
        self.timeout_s = timeout_s
        self.http = httpx.Client(base_url=url, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def submit(self, order: dict[str, Any]) -> Followed:
        """Queue a job."""
        answer = self.http.post("/run", json={"input": order}).raise_for_status().json()
        return Followed(order, answer["id"])

    def poll(self, job: Followed) -> bool:
        """Take in what is new; whether the job is over."""
        return job.take(self.http.get(f"/stream/{job.id}").raise_for_status().json())

    def cancel(self, job: Followed) -> None:
        """Cancel a job."""
        self.http.post(f"/cancel/{job.id}").raise_for_status()

    def run(self, orders: Iterable[dict[str, Any]]) -> list[Followed]:
        """Submit all at once and follow them to their ends."""
        jobs = [self.submit(order) for order in orders]
        going_on = jobs
        deadline = time.monotonic() + self.timeout_s
        while going_on := [job for job in going_on if not self.poll(job)]:
            assert time.monotonic() < deadline, [(job.id, job.status, len(job.audio)) for job in going_on[:5]]
            time.sleep(POLL_EVERY_S)
        return jobs

    def action(self, **job_input: Any) -> Any:
        """Run an action and return its one answer."""
        [event] = self.run([job_input])[0].events
        return event
