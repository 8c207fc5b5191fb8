"""A queued job, followed to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from client.deadline import Deadline
from client.errors import JobCancelled, JobTimedOut, RequestFailed
from client.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.queue_api import JobAnswer, QueueApi
    from client.steps import Steps

CANCEL_TIMEOUT_S = 5.0


class Job:
    """One job of an endpoint's queue. Its `id` is empty until it is queued.

    Events may still come for `tail_grace_s` after its completion was first seen.
    """

    def __init__(
        self, api: QueueApi, job_input: dict[str, Any], deadline: Deadline, *, tail_grace_s: float = 0.0
    ) -> None:
        self.id = ""
        self.status = "IN_QUEUE"
        self.is_final = False
        self._api = api
        self._input = job_input
        self._deadline = deadline
        self._tail_grace_s = tail_grace_s
        self._pace = Pace()
        self._wait_s: float | None = None
        self._completed_at: float | None = None

    def begin(self) -> Steps[None]:
        """Queue the job."""
        if not self.id:
            self.id = yield from self._api.submit(self._input, self._deadline)

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Poll until events come, or the job is completed and drained."""
        while True:
            if self._wait_s is not None:
                yield from self._deadline.pause(self._wait_s)
            began = time.monotonic()
            answer = self._note((yield from self._api.poll(self.id, self._deadline)))
            self._wait_s = self._pace.after(
                status=answer.status, had_events=bool(answer.events), took_s=time.monotonic() - began
            )
            if answer.events:
                return answer.events
            if answer.is_final:
                yield from self._raise_unless_completed(answer)
                self._completed_at = self._completed_at or began
                if time.monotonic() - self._completed_at >= self._tail_grace_s:
                    return None

    def output(self) -> Steps[Any]:
        """Return what the job's status holds as its output."""
        return self._note((yield from self._api.status(self.id, self._deadline))).output

    def cancel(self) -> Steps[None]:
        """Cancel the job unless it is known to be finished; even when its deadline has passed."""
        if self.id and not self.is_final:
            self._note((yield from self._api.cancel(self.id, Deadline(CANCEL_TIMEOUT_S))))

    def release(self) -> Steps[None]:
        """Do nothing: a job holds nothing here."""
        yield from ()

    def _note(self, answer: JobAnswer) -> JobAnswer:
        self.status, self.is_final = answer.status, answer.is_final
        return answer

    def _raise_unless_completed(self, answer: JobAnswer) -> Steps[None]:
        match answer.status:
            case "CANCELLED":
                raise JobCancelled(f"job {self.id} was cancelled")
            case "TIMED_OUT":
                raise JobTimedOut(f"job {self.id} ran for longer than the endpoint allows")
            case "FAILED":
                status = None if answer.error else (yield from self._api.status(self.id, self._deadline))
                raise RequestFailed.from_error(answer.error if status is None else status.error)
