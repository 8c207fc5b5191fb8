"""One log line for each finished request."""

import logging
from dataclasses import asdict

from worker.telemetry.logs import fields
from worker.telemetry.record import MOST_LOGGED_CHARACTERS, RequestRecord

log = logging.getLogger("worker.requests")


class RequestLog:
    """Logs a request's parameters and metrics: never its audio, and its text only with ``log_text``."""

    def __init__(self, *, log_text: bool = False) -> None:
        self._log_text = log_text

    def __call__(self, request: RequestRecord) -> None:
        """Log a finished request."""
        start, error, text = request.start, request.error, request.text
        log.log(
            _level(request),
            "request %s",
            {"ok": "finished", "cancelled": "cancelled"}.get(request.outcome, "failed"),
            extra=fields(
                interface=request.interface,
                action=request.action,
                outcome=request.outcome,
                code=error.code if error else None,
                error=error.message if error else None,
                field=error.field if error else None,
                voice_id=start.voice_id if start else None,
                engine=start.engine if start else None,
                format=start.format if start else None,
                sample_rate=start.sample_rate if start else None,
                text_characters=request.text_characters,
                text=text[:MOST_LOGGED_CHARACTERS] if text is not None and self._log_text else None,
                total_ms=round(request.seconds * 1000, 1),
                audio_seconds=round(request.audio_seconds, 3) if start else None,
                **_costs(request),
            ),
        )


def _level(request: RequestRecord) -> int:
    if request.outcome not in {"ok", "cancelled"}:
        return logging.WARNING
    # A load balancer may poll the state every second.
    return logging.INFO if request.action == "speak" else logging.DEBUG


def _costs(request: RequestRecord) -> dict[str, object]:
    if request.metrics is None:
        return {"ttfa_ms": request.ttfa_ms}
    return asdict(request.metrics)
