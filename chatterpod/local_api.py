"""The RunPod SDK's own local server (`python -m worker.handler --rp_serve_api`): no real queue.

It keeps a job until its stream is requested by POST, runs it then, and responds once the job is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatterpod.api import ask_until_answered, read_object
from chatterpod.errors import EndpointUnreachable, NotOffered, UnknownJob
from chatterpod.queue_api import QueueApi, read_stream
from chatterpod.request_errors import RequestFailed
from chatterpod.steps import Ask
from chatterpod.stream import failure_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.deadline import Deadline
    from chatterpod.steps import Steps


LONGEST_JOB_S = 86_400.0
"""Read timeout if there is no deadline."""
LISTENING_S = 5.0


class LocalApi:
    """Client side of the SDK's local server."""

    def __init__(self, base_url: str, *, request_timeout: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._queue = QueueApi(base_url, request_timeout=request_timeout)

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> LocalJob:
        """Return a job that speaks."""
        return LocalJob(self._queue, job_input, deadline)

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[Any]:
        """Run another action and return the last item it yielded."""
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
        raise NotOffered("the SDK's local server has no health route: run the action 'health' instead")

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Return whether the server responds: it listens once its engine is loaded."""
        ask = Ask("GET", self.base_url + "/")
        try:
            yield from ask_until_answered(ask, deadline, LISTENING_S, repeatable=False)
        except EndpointUnreachable:
            return False
        return True


class LocalJob:
    """One job of the SDK's local server: one response carries all its events."""

    def __init__(self, queue: QueueApi, job_input: dict[str, Any], deadline: Deadline) -> None:
        self.id = ""
        self.status = "IN_QUEUE"
        self._queue = queue
        self._input = job_input
        self._deadline = deadline

    def begin(self) -> Steps[None]:
        """Submit the job; it does not run yet."""
        if not self.id:
            self.id = yield from self._queue.submit(self._input, self._deadline)

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Run the job and return all its events; the second time, None."""
        if self.status == "COMPLETED":
            return None
        ask = Ask("POST", f"{self._queue.base_url}/stream/{self.id}")
        # Waits as long as the job takes, without a retry: the server deletes a job when it runs it.
        longest_s = self._deadline.left() or LONGEST_JOB_S
        answer = yield from ask_until_answered(ask, self._deadline, longest_s, repeatable=False)
        told = read_stream(read_object(answer.response, UnknownJob))
        if told.status == "FAILED":
            raise RequestFailed.from_error(told.error)
        self.status = "COMPLETED"
        return told.events or None

    def cancel(self) -> Steps[None]:
        """Do nothing: the SDK's server cannot cancel."""
        yield from ()

    def release(self) -> Steps[None]:
        """Do nothing: a job holds no resource here."""
        yield from ()
