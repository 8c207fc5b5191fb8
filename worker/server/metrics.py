"""What is counted about the server, beside its requests."""

from collections.abc import Callable

from prometheus_client import Gauge

from worker.observation.metrics import Metrics
from worker.vitals import Vitals


class ServerMetrics(Metrics):
    """The worker's counters, and the WebSockets'."""

    def __init__(self, vitals: Callable[[], Vitals | None]) -> None:
        super().__init__(vitals)
        self.sockets = Gauge("chatterpod_sockets", "WebSockets open now.", registry=self.registry)
