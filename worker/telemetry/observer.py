"""Every request from its arrival to its end, whichever interface it came by."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from worker.events import Event
from worker.request import Arrival
from worker.settings import Settings
from worker.telemetry.logs import named_request
from worker.telemetry.record import RequestUnderWay, Sink
from worker.telemetry.request_log import RequestLog
from worker.telemetry.traces import Traces


def sinks_of(settings: Settings) -> list[Sink]:
    """Return the log, and the traces where the environment asks for them."""
    traces = Traces.from_environment()
    return [RequestLog(log_text=settings.log_text), *([traces] if traces is not None else [])]


class Observer:
    """Tells all sinks of each request."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    async def watch(
        self,
        events: AsyncGenerator[Event],
        job_input: object,
        arrival: Arrival,
        interface: str,
    ) -> AsyncGenerator[Event]:
        """Yield ``events``, which answer ``job_input``; raise what they raise, close them when closed."""
        under_way = RequestUnderWay(job_input, arrival, interface)
        for sink in self._sinks:
            sink.began()
        try:
            async with aclosing(events):
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


async def _next(events: AsyncGenerator[Event], request_id: str) -> Event | None:
    # Named for one step at a time: several requests may take turns in one task.
    with named_request(request_id):
        return await anext(events, None)
