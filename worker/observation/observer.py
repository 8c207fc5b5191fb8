"""Every request from its arrival to its end, whichever interface it came by."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from worker.events import Event
from worker.observation.finished import FinishedRequest, RequestUnderWay
from worker.observation.logs import named_request
from worker.progress import Arrival


class Sink(Protocol):
    """Keeps account of requests. Both methods are called on the event loop, and must not wait."""

    def began(self) -> None:
        """Take in that a request has come."""
        ...

    def finished(self, request: FinishedRequest) -> None:
        """Take in that it is over; called once for each that began."""
        ...


class Observer:
    """Tells all sinks of each request."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    async def watch(
        self,
        respond: Callable[[], AsyncIterator[Event]],
        job_input: object,
        arrival: Arrival,
        interface: str,
    ) -> AsyncGenerator[Event]:
        """Yield what ``respond()`` yields, and raise what it raises; closing this closes that."""
        under_way = RequestUnderWay(job_input, arrival, interface)
        for sink in self._sinks:
            sink.began()
        try:
            async with aclosing(respond()) as events:  # type: ignore[type-var]
                while (event := await _next(events, arrival.request_id)) is not None:
                    under_way.note(event)
                    yield event
        except Exception as error:
            under_way.fail(error)
            raise
        finally:
            request = under_way.finish()
            with named_request(request.request_id):
                for sink in self._sinks:
                    sink.finished(request)


async def _next(events: AsyncIterator[Event], request_id: str) -> Event | None:
    # Named for one step at a time: several requests may take turns in one task.
    with named_request(request_id):
        return await anext(events, None)
