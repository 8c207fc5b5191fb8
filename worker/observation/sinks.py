"""Which sinks a worker tells of its requests, beside its counters."""

from worker.observation.observer import Sink
from worker.observation.request_log import RequestLog
from worker.observation.traces import Traces
from worker.settings import Settings


def sinks_of(settings: Settings) -> list[Sink]:
    """Return the log, and the traces where the environment asks for them."""
    traces = Traces.from_environment()
    return [RequestLog(log_text=settings.log_text), *([traces] if traces is not None else [])]
