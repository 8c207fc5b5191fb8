"""The interface of every protocol (queue, HTTP, the SDK's local API), in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatterpod.deadline import Deadline
    from chatterpod.steps import Steps


class EventSource(Protocol):
    """One request and the source of its events."""

    id: str
    status: str

    def begin(self) -> Steps[None]:
        """Submit the request, where that is a separate step; call once."""
        ...

    def next_events(self) -> Steps[Sequence[Any] | None]:
        """Return the next events, at least one, or None if no more can come.

        After the last event, raises RequestFailed, JobCancelled, JobTimedOut or DeadlineExceeded.
        """
        ...

    def cancel(self) -> Steps[None]:
        """Stop the request unless it is known to be finished, even after its deadline.

        Another thread or task may be inside `next_events`.
        """
        ...

    def release(self) -> Steps[None]:
        """Release the request's resources; its events are not needed any more."""
        ...


class Api(Protocol):
    """One endpoint."""

    base_url: str

    def source(self, job_input: dict[str, Any], deadline: Deadline) -> EventSource:
        """Return a speech request, not yet submitted."""
        ...

    def act(self, job_input: dict[str, Any], deadline: Deadline) -> Steps[Any]:
        """Run another action and return the last item it yielded."""
        ...

    def health(self, deadline: Deadline) -> Steps[dict[str, Any]]:
        """Return the endpoint's state."""
        ...

    def is_ready(self, deadline: Deadline) -> Steps[bool]:
        """Return whether the endpoint accepts requests now; raise an error if it never will."""
        ...
