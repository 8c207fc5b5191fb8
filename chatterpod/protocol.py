"""What every way to an endpoint offers: the queue, HTTP, the SDK's local API. All of it in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.deadline import Deadline
    from chatterpod.steps import Steps


class Source(Protocol):
    """One request, and where its events come from."""

    id: str
    status: str

    def begin(self) -> Steps[None]:
        """Hand the request in, where that is a step of its own; once."""
        ...

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Return the events that came next, at least one, or None when none can come any more.

        Raises RequestFailed, JobCancelled, JobTimedOut or DeadlineExceeded, after the last event.
        """
        ...

    def cancel(self) -> Steps[None]:
        """Stop the request unless it is known to be finished; even when its deadline has passed.

        Another thread or task may be in the midst of `next_events`.
        """
        ...

    def release(self) -> Steps[None]:
        """Give back what the request holds here; its events are not wanted any more."""
        ...


class Api(Protocol):
    """One endpoint."""

    base_url: str

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> Source:
        """Return a request to speak, which is not handed in yet."""
        ...

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[Any]:
        """Run another action, and return the last thing it yielded."""
        ...

    def health(self, deadline: Deadline) -> Steps[dict[str, Any]]:
        """Return how the endpoint is."""
        ...

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Return whether it takes requests now; raise what says that it never will."""
        ...
