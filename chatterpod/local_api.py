"""The RunPod SDK's own local server (`python -m worker.handler --rp_serve_api`): a queue without a queue.

It keeps a job until its stream is asked for, by POST, runs it then, and answers when all of it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatterpod.api import ask_until_answered, read_object
from chatterpod.errors import EndpointUnreachable, NotOffered, RequestFailed, UnknownJob
from chatterpod.queue_api import QueueApi, read_stream
from chatterpod.steps import Ask
from chatterpod.stream import failure_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.deadline import Deadline
    from chatterpod.steps import Steps


LONGEST_JOB_S = 86_400.0
"""Where there is no deadline."""
LISTENING_S = 5.0


class LocalApi:
    """The SDK's local server, by its address."""

    def __init__(self, base_url: str, *, request_timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._queue = QueueApi(base_url, request_timeout=request_timeout)

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> LocalJob:
        """Return a job that speaks."""
        return LocalJob(self._queue, job_input, deadline)

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[Any]:
        """Run another action, and return the last thing it yielded."""
        job = LocalJob(self._queue, job_input, deadline)
        yield from job.begin()
        last = None
        for event in (yield from job.next_events()) or ():
            if (error := failure_in(event)) is not None:
                raise RequestFailed.from_error(error)
            last = event
        return last

    def health(self, deadline: Deadline) -> Steps[dict[str, Any]]:
        """Raise NotOffered."""
        yield from deadline.pause(0)
        raise NotOffered("the SDK's local server counts nothing: run the action 'health' instead")

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Return whether the server answers: it listens once its engine is loaded."""
        ask = Ask("GET", self.base_url + "/")
        try:
            yield from ask_until_answered(ask, deadline, LISTENING_S, repeatable=False)
        except EndpointUnreachable:
            return False
        return True


class LocalJob:
    """One job of the SDK's local server: one answer has all of its events."""

    def __init__(self, queue: QueueApi, job_input: dict[str, Any], deadline: Deadline) -> None:
        self.id = ""
        self.status = "IN_QUEUE"
        self._queue = queue
        self._input = job_input
        self._deadline = deadline

    def begin(self) -> Steps[None]:
        """Leave the job there."""
        if not self.id:
            self.id = yield from self._queue.submit(self._input, self._deadline)

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Have the job run and return all of its events; the second time, None."""
        if self.status == "COMPLETED":
            return None
        ask = Ask("POST", f"{self._queue.base_url}/stream/{self.id}")
        # As long as the job takes, and never twice: it would run, and be gone, twice.
        longest_s = self._deadline.left() or LONGEST_JOB_S
        answer = yield from ask_until_answered(ask, self._deadline, longest_s, repeatable=False)
        told = read_stream(read_object(answer.response, UnknownJob))
        if told.status == "FAILED":
            raise RequestFailed.from_error(told.error)
        self.status = "COMPLETED"
        return told.events or None

    def cancel(self) -> Steps[None]:
        """Do nothing: there is no way to."""
        yield from ()

    def release(self) -> Steps[None]:
        """Do nothing: a job holds nothing here."""
        yield from ()
