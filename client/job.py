"""A queued job, followed to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from client.deadline import Deadline
from client.errors import JobCancelled, JobTimedOut, RequestFailed
from client.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from client.api import JobAnswer, QueueApi

CANCEL_TIMEOUT_S = 5.0


class Job:
    """One job of an endpoint's queue."""

    def __init__(self, api: QueueApi, job_id: str, deadline: Deadline) -> None:
        self.id = job_id
        self.status = "IN_QUEUE"
        self.is_final = False
        self._api = api
        self._deadline = deadline

    def events(self, is_done: Callable[[], bool], *, tail_grace_s: float = 0.0) -> Iterator[Any]:
        """Yield what the job yields, as it comes, until `is_done` or the job is completed and drained.

        Events may still come for `tail_grace_s` after the completion was first seen. Raises RequestFailed,
        JobCancelled, JobTimedOut or DeadlineExceeded, after the last event.
        """
        pace = Pace()
        completed_at: float | None = None
        while not is_done():
            began = time.monotonic()
            answer = self._note(self._api.poll(self.id, self._deadline))
            yield from answer.events
            if answer.is_final and not answer.events:
                self._raise_unless_completed(answer)
                completed_at = completed_at or began
                if time.monotonic() - completed_at >= tail_grace_s:
                    return
            took_s = time.monotonic() - began
            self._deadline.sleep(
                pace.after(status=answer.status, had_events=bool(answer.events), took_s=took_s)
            )

    def output(self) -> Any:
        """Return what the job's status holds as its output."""
        return self._note(self._api.status(self.id, self._deadline)).output

    def cancel(self) -> None:
        """Cancel the job unless it is known to be finished; even when its deadline has passed."""
        if not self.is_final:
            self._note(self._api.cancel(self.id, Deadline(CANCEL_TIMEOUT_S)))

    def _note(self, answer: JobAnswer) -> JobAnswer:
        self.status, self.is_final = answer.status, answer.is_final
        return answer

    def _raise_unless_completed(self, answer: JobAnswer) -> None:
        match answer.status:
            case "CANCELLED":
                raise JobCancelled(f"job {self.id} was cancelled")
            case "TIMED_OUT":
                raise JobTimedOut(f"job {self.id} ran for longer than the endpoint allows")
            case "FAILED":
                error = answer.error or self._api.status(self.id, self._deadline).error
                raise RequestFailed.from_error(error)
