"""OpenTelemetry traces: a span per request, created at its end, so that it costs the request nothing."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Optional

from worker.telemetry.record import RequestRecord

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

log = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SERVICE_NAME = "chatterpod"


class Traces:
    """Creates the spans of finished requests; OpenTelemetry is imported only if an instance is created."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace

        self._trace = trace
        self._tracer = provider.get_tracer(_SERVICE_NAME)

    @classmethod
    def from_environment(cls) -> Optional["Traces"]:
        """Return an exporter by OTLP over HTTP for the standard ``OTEL_`` variables; None without them."""
        if not is_wanted(os.environ):
            return None
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            log.warning("OTEL_ variables are set, but %s is missing: install chatterpod[otel]", error.name)
            return None
        provider = TracerProvider(resource=Resource.create(_resource(os.environ)))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def __call__(self, request: RequestRecord) -> None:
        """Create the spans of a finished request."""
        offset = time.time() - time.perf_counter()

        def nanoseconds(moment: float) -> int:
            return int((moment + offset) * 1e9)

        kind = self._trace.SpanKind.CONSUMER if request.interface == "queue" else self._trace.SpanKind.SERVER
        span = self._tracer.start_span(
            request.action,
            kind=kind,
            start_time=nanoseconds(request.arrived),
            attributes=_attributes(request),
        )
        inside = self._trace.set_span_in_context(span)
        for name, begin, end in _phases(request):
            self._tracer.start_span(name, inside, start_time=nanoseconds(begin)).end(nanoseconds(end))
        if request.error is not None:
            span.set_status(self._trace.StatusCode.ERROR, request.error.message)
        span.end(nanoseconds(request.ended))


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a collector, and does not turn the SDK off."""
    is_off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not is_off and any(environ.get(name) for name in _ENDPOINTS)


def _resource(environ: Mapping[str, str]) -> dict[str, Any]:
    """Name the service, unless the environment does: an attribute given here would override it."""
    is_named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    return {} if is_named else {"service.name": _SERVICE_NAME}


def _phases(request: RequestRecord) -> Iterator[tuple[str, float, float]]:
    """Yield the phases that a request reached: name, begin, end."""
    if request.voice_ready is None:
        return
    begun = request.arrived + (request.metrics.queue_ms / 1000 if request.metrics else 0.0)
    yield "queue", request.arrived, begun
    yield "voice", begun, request.voice_ready
    if request.first_audio is None:
        return
    yield "first_audio", request.voice_ready, request.first_audio
    yield "speech", request.first_audio, request.ended


def _attributes(request: RequestRecord) -> dict[str, str | int | float]:
    start, metrics = request.start, request.metrics
    found: dict[str, str | int | float | None] = {
        "request_id": request.request_id,
        "interface": request.interface,
        "outcome": request.outcome,
        "voice_id": start.voice_id if start else None,
        "engine": start.engine if start else None,
        "format": start.format if start else None,
        "text_characters": request.text_characters,
        "audio_seconds": request.audio_seconds,
        "ttfa_ms": request.ttfa_ms,
        "queue_ms": metrics.queue_ms if metrics else None,
        "rtf": metrics.rtf if metrics else None,
        "speech_tokens": metrics.speech_tokens if metrics else None,
        "underruns": metrics.underruns if metrics else None,
        "voice_cache": metrics.voice_cache if metrics else None,
    }
    return {f"chatterpod.{name}": value for name, value in found.items() if value is not None}
