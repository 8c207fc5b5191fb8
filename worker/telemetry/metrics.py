"""Prometheus metrics of a worker."""

from collections.abc import Callable, Iterable
from dataclasses import asdict

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from worker.errors import CannotListen
from worker.events import Vitals
from worker.telemetry.record import RequestRecord
from worker.text.undone import undone_rules

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)
_REAL_TIME_FACTORS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1, 1.5, 3)


class Metrics:
    """One worker's metrics, in a registry of its own; ``vitals`` returns None until the engine is loaded."""

    def __init__(self, vitals: Callable[[], Vitals | None]) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_VitalsCollector(vitals))
        registry.register(_UndoneRulesCollector())
        self._requests = Counter(
            "chatterpod_requests",
            "Requests answered, by outcome: ok, cancelled by the client, or an error code.",
            ["interface", "action", "outcome"],
            registry=registry,
        )
        self._first_audio = _histogram(
            "first_audio_seconds", "Time from a request's arrival to its first audio.", _SECONDS, registry
        )
        self._queue = _histogram(
            "queue_seconds", "Time from a request's arrival to its synthesis.", _SECONDS, registry
        )
        self._real_time_factor = _histogram(
            "real_time_factor", "Synthesis time over audio duration.", _REAL_TIME_FACTORS, registry
        )
        self._audio = Counter("chatterpod_audio_seconds", "Duration of the speech made.", registry=registry)
        self._speech_tokens = Counter("chatterpod_speech_tokens", "Speech tokens made.", registry=registry)
        self._underruns = Counter(
            "chatterpod_underruns",
            "Times that a listener who plays from the first audio on had to wait.",
            registry=registry,
        )
        self._underrun_seconds = Counter(
            "chatterpod_underrun_seconds", "Total duration of the underruns.", registry=registry
        )
        self._cut = Counter(
            "chatterpod_cut_text_chunks", "Text chunks whose speech was cut.", registry=registry
        )
        self._voices = Counter(
            "chatterpod_voice_cache", "Voices used, by result of the cache.", ["source"], registry=registry
        )

    def __call__(self, request: RequestRecord) -> None:
        """Count a request that is over."""
        self._requests.labels(request.interface, request.action, request.outcome).inc()
        self._audio.inc(request.audio_seconds)
        if request.ttfa_ms is not None:
            self._first_audio.observe(request.ttfa_ms / 1000)
        if (metrics := request.metrics) is None:
            return
        self._queue.observe(metrics.queue_ms / 1000)
        if metrics.rtf is not None:
            self._real_time_factor.observe(metrics.rtf)
        self._speech_tokens.inc(metrics.speech_tokens or 0)
        self._underruns.inc(metrics.underruns)
        self._underrun_seconds.inc(metrics.underrun_ms / 1000)
        self._cut.inc(metrics.cut_text_chunks)
        self._voices.labels(metrics.voice_cache).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def listen(self, host: str, port: int) -> None:
        """Serve the metrics on a port of their own; raises ``CannotListen``."""
        try:
            start_http_server(port, host, self.registry)
        except OSError as error:
            raise CannotListen(host, port, error, "Set METRICS_PORT to another port.") from error


def _histogram(
    name: str, description: str, buckets: tuple[float, ...], registry: CollectorRegistry
) -> Histogram:
    return Histogram(f"chatterpod_{name}", description, buckets=buckets, registry=registry)


class _VitalsCollector(Collector):
    """Reads the worker's state at each scrape."""

    def __init__(self, vitals: Callable[[], Vitals | None]) -> None:
        self._vitals = vitals

    @override
    def collect(self) -> Iterable[Metric]:
        vitals = self._vitals()
        yield _gauge("ready", "1 once the engine is loaded.", int(vitals is not None))
        active = 0 if vitals is None else vitals.active_requests
        yield _gauge("active_requests", "Requests being answered now.", active)
        if vitals is None:
            return
        yield _gauge("cached_voices", "Voices cached in the host's memory.", vitals.cached_voices)
        yield _gauge("voice_cache_bytes", "Memory of the cached conditionals.", vitals.voice_cache_bytes)
        if (load := vitals.engine_load) is not None:
            yield _gauge("engine_streams", "Text chunks in the engine.", load.streams)
            yield _gauge("engine_waiting", "Text chunks that wait for a slot.", load.waiting)
            yield _gauge("engine_slots_used", "Slots of the decoder in use.", load.slots_used)
            yield _gauge("engine_slots", "Slots of the decoder.", load.slots)
        if (memory := vitals.device_memory) is not None:
            family = GaugeMetricFamily("chatterpod_gpu_memory_bytes", "The GPU's memory.", labels=["kind"])
            for kind, value in asdict(memory).items():
                family.add_metric([kind], value)
            yield family


class _UndoneRulesCollector(Collector):
    """Reads the failures of text rules at each scrape; the rules' names are a closed set."""

    @override
    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "chatterpod_undone_text_rules",
            "Failures of a text rule, whose text was spoken as written.",
            labels=["rule"],
        )
        for rule, times in undone_rules().items():
            family.add_metric([rule], times)
        yield family


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"chatterpod_{name}", description, value)


class ServerMetrics(Metrics):
    """The worker's metrics, and the number of open WebSockets."""

    def __init__(self, vitals: Callable[[], Vitals | None]) -> None:
        super().__init__(vitals)
        self.sockets = Gauge("chatterpod_sockets", "WebSockets open now.", registry=self.registry)
