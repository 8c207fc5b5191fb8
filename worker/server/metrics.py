"""What is counted about requests, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from worker.events import EndEvent

_FIRST_AUDIO_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)
_REAL_TIME_FACTORS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1, 1.5, 3)


class Metrics:
    """One server's counters, in a registry of its own."""

    def __init__(self, is_ready: Callable[[], bool]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Gauge("chatterpod_ready", "1 once the engine is loaded.", registry=registry).set_function(is_ready)
        self.active = Gauge("chatterpod_active_requests", "Requests being answered now.", registry=registry)
        self.sockets = Gauge("chatterpod_sockets", "WebSockets open now.", registry=registry)
        self.requests = Counter(
            "chatterpod_requests",
            "Requests answered: ok, abandoned by the client, or the code of their error.",
            ["interface", "outcome"],
            registry=registry,
        )
        self._first_audio = Histogram(
            "chatterpod_first_audio_seconds",
            "From a request's arrival to its first encoded audio.",
            buckets=_FIRST_AUDIO_S,
            registry=registry,
        )
        self._real_time_factor = Histogram(
            "chatterpod_real_time_factor",
            "Synthesis time over audio duration.",
            buckets=_REAL_TIME_FACTORS,
            registry=registry,
        )
        self._audio = Counter("chatterpod_audio_seconds", "Speech made.", registry=registry)
        self._underruns = Counter(
            "chatterpod_underruns",
            "Times that a listener playing from the first audio on had to wait.",
            registry=registry,
        )
        self._cut = Counter(
            "chatterpod_cut_text_chunks", "Text chunks whose speech had to be ended.", registry=registry
        )
        self._voices = Counter(
            "chatterpod_voice_cache", "Voices used, by where they came from.", ["source"], registry=registry
        )

    def note_end(self, event: EndEvent) -> None:
        """Take a finished request's own metrics in."""
        metrics = event.metrics
        if metrics.ttfa_ms is not None:
            self._first_audio.observe(metrics.ttfa_ms / 1000)
        if metrics.rtf is not None:
            self._real_time_factor.observe(metrics.rtf)
        self._audio.inc(event.audio_seconds)
        self._underruns.inc(metrics.underruns)
        self._cut.inc(metrics.cut_text_chunks)
        self._voices.labels(metrics.voice_cache).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)
