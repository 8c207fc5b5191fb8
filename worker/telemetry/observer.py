"""Observation of every request from its arrival to its end, on any interface."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from worker.events import Event
from worker.request import Arrival
from worker.settings import Settings
from worker.telemetry.logs import named_request
from worker.telemetry.record import RequestRecord, Sink
from worker.telemetry.request_log import RequestLog
from worker.telemetry.traces import Traces


def sinks_of(settings: Settings) -> list[Sink]:
    """Return the log sink, and the trace sink if the environment enables it."""
    traces = Traces.from_environment()
    return [RequestLog(log_text=settings.log_text), *([traces] if traces is not None else [])]


class Observer:
    """Passes the record of each request to all sinks."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    async def watch(
        self,
        events: AsyncGenerator[Event],
        job_input: object,
        arrival: Arrival,
        interface: str,
        fed_text: Callable[[], tuple[str, int]] | None = None,
    ) -> AsyncGenerator[Event]:
        """Yield ``events``, the answer to ``job_input``; pass on their errors, close them when closed."""
        record = RequestRecord(job_input, arrival, interface, fed_text)
        try:
            async with aclosing(events):
                while (event := await _next(events, arrival.request_id)) is not None:
                    record.note(event)
                    yield event
        except Exception as error:
            record.fail(error)
            raise
        finally:
            record.finish()
            with named_request(record.request_id):
                for sink in self._sinks:
                    sink(record)


async def _next(events: AsyncGenerator[Event], request_id: str) -> Event | None:
    # The id is set for one step at a time: requests may alternate in one task.
    with named_request(request_id):
        return await anext(events, None)
