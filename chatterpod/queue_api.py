"""RunPod's queue API: one method per call."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatterpod.api import ask_until_answered, quote, read_object
from chatterpod.deadline import Deadline
from chatterpod.errors import (
    EndpointError,
    JobCancelled,
    JobTimedOut,
    UnexpectedAnswer,
    UnknownEndpoint,
    UnknownJob,
)
from chatterpod.pace import PollPace
from chatterpod.request_errors import RequestFailed
from chatterpod.steps import Ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.steps import Steps


TAIL_GRACE_S = 1.0
"""Seconds the end event may lag behind COMPLETED: RunPod does not update a job's state and stream together.
"""


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """Result of a poll (`events`) or of a status call (`output`)."""

    status: str
    events: tuple[Any, ...] = ()
    output: Any = None
    error: Any = None

    @property
    def is_final(self) -> bool:
        """Whether the job's state is final. An unknown status counts as not final."""
        return self.status in {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}


class QueueApi:
    """Client side of one endpoint's queue, on RunPod or on this machine."""

    def __init__(self, base_url: str, *, request_timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._request_timeout = request_timeout

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> QueueJob:
        """Return a job that speaks."""
        return QueueJob(self, job_input, deadline, tail_grace_s=TAIL_GRACE_S)

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[Any]:
        """Run another action and return the last item it yielded, or its output."""
        job = QueueJob(self, job_input, deadline)
        yield from job.begin()
        last: list[Any] = []
        while (events := (yield from job.next_events())) is not None:
            last = [events[-1]]
        return last[0] if last else (yield from job.output())

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Return True: a queue accepts requests whether or not a worker is up."""
        yield from self.health(deadline)
        return True

    def submit(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[str]:
        """Queue a job and return its id."""
        answer = yield from self._ask(
            "POST", "/run", deadline, json={"input": job_input}, missing=UnknownEndpoint
        )
        job_id = answer.get("id")
        if not isinstance(job_id, str):
            raise UnexpectedAnswer(f"RunPod's response has no job id: {quote(answer)}")
        return job_id

    def poll(self, job_id: str, deadline: Deadline) -> Steps[JobAnswer]:
        """Return the events since the last poll.

        A poll removes the events that it returns, so a lost response loses its events too. The poll is
        retried nevertheless: the stream's checks notice missing events.
        """
        answer = yield from self._ask("GET", f"/stream/{job_id}", deadline)
        return read_stream(answer)

    def status(self, job_id: str, deadline: Deadline) -> Steps[JobAnswer]:
        """Return the job's state, with its output or error if it has one."""
        answer = yield from self._ask("GET", f"/status/{job_id}", deadline)
        return JobAnswer(_status(answer), output=answer.get("output"), error=answer.get("error"))

    def cancel(self, job_id: str, deadline: Deadline) -> Steps[JobAnswer]:
        """Cancel the job and return its state."""
        answer = yield from self._ask("POST", f"/cancel/{job_id}", deadline, is_repeatable=True)
        return JobAnswer(_status(answer))

    def health(self, deadline: Deadline) -> Steps[dict[str, Any]]:
        """Return the counts of jobs and workers."""
        return (yield from self._ask("GET", "/health", deadline, missing=UnknownEndpoint))

    def _ask(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        json: Any = None,
        is_repeatable: bool | None = None,
        missing: type[EndpointError] = UnknownJob,
    ) -> Steps[dict[str, Any]]:
        repeatable = method == "GET" if is_repeatable is None else is_repeatable
        ask = Ask(method, self.base_url + path, json)
        answer = yield from ask_until_answered(ask, deadline, self._request_timeout, repeatable=repeatable)
        return read_object(answer.response, missing)


def read_stream(answer: dict[str, Any]) -> JobAnswer:
    """Parse the response of a poll; raises UnexpectedAnswer."""
    items = answer.get("stream") or []
    if not isinstance(items, list):
        raise UnexpectedAnswer(f"the response's stream is not a list: {quote(answer)}")
    return JobAnswer(_status(answer), events=tuple(_events(items)), error=answer.get("error"))


def _status(answer: dict[str, Any]) -> str:
    status = answer.get("status")
    if not isinstance(status, str):
        raise UnexpectedAnswer(f"the response has no status: {quote(answer)}")
    return status


def _events(items: list[Any]) -> list[Any]:
    """Unwrap the items; an item whose output is a list holds several events."""
    events: list[Any] = []
    for item in items:
        if not isinstance(item, dict) or "output" not in item:
            raise UnexpectedAnswer(f"a stream item has no output: {quote(item)}")
        output = item["output"]
        events += output if isinstance(output, list) else [output]
    return events


CANCEL_TIMEOUT_S = 5.0


class QueueJob:
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
        self._pace = PollPace()
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
        """Return the output in the job's status."""
        return self._note((yield from self._api.status(self.id, self._deadline))).output

    def cancel(self) -> Steps[None]:
        """Cancel the job unless it is known to be finished, even after its deadline."""
        if self.id and not self.is_final:
            self._note((yield from self._api.cancel(self.id, Deadline(CANCEL_TIMEOUT_S))))

    def release(self) -> Steps[None]:
        """Do nothing: a job holds no resource here."""
        yield from ()

    def _note(self, answer: JobAnswer) -> JobAnswer:
        self.status, self.is_final = answer.status, answer.is_final
        return answer

    def _raise_unless_completed(self, answer: JobAnswer) -> Steps[None]:
        match answer.status:
            case "CANCELLED":
                raise JobCancelled(f"job {self.id} was cancelled")
            case "TIMED_OUT":
                raise JobTimedOut(f"job {self.id} exceeded the endpoint's execution timeout")
            case "FAILED":
                status = None if answer.error else (yield from self._api.status(self.id, self._deadline))
                raise RequestFailed.from_error(answer.error if status is None else status.error)
