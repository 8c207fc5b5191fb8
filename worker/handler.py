"""RunPod's handler: a job in, its events out. The only module that knows the SDK.

A job is ``{"id": ..., "input": {"text": "Hello", "voice_id": "anna", "format": "mp3"}}``; what it
may hold is in ``worker/request.py``, what it is answered with in ``worker/events.py``.
"""

import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # read at import; its default logs every chunk

import runpod

from voices.errors import ChatterpodError
from worker.aggregate import Aggregate
from worker.events import Event
from worker.observation.logs import set_up_logging
from worker.observation.observer import Observer
from worker.observation.sinks import sinks_of
from worker.progress import Arrival
from worker.service import SpeechService
from worker.settings import Settings

log = logging.getLogger(__name__)


class JobHandler:
    """Answers jobs; after a start that failed, each with its cause: a crash would only be restarted."""

    def __init__(
        self, service: SpeechService | ChatterpodError, observer: Observer, max_result_bytes: int
    ) -> None:
        self._service = service
        self._observer = observer
        self._max_result_bytes = max_result_bytes

    async def handle(self, job: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield a job's events as JSON objects; an error as the one object that the SDK ends a job with."""
        arrival = Arrival(str(job["id"]))
        aggregate = Aggregate(self._max_result_bytes)
        respond = partial(self._respond, job["input"], arrival)
        try:
            async with aclosing(self._observer.watch(respond, job["input"], arrival, "queue")) as events:
                async for event in events:
                    item = event.as_json()
                    yield item
                    aggregate.add(item)
        except ChatterpodError as error:
            # The SDK keeps only the string under "error", and shows clients a traceback for what is raised.
            yield {"error": json.dumps(error.as_dict())}

    def _respond(self, job_input: object, arrival: Arrival) -> AsyncIterator[Event]:
        if isinstance(self._service, ChatterpodError):
            raise self._service
        return self._service.respond(job_input, arrival)


def start_service(settings: Settings) -> SpeechService | ChatterpodError:
    """Start the service, or return why it cannot be."""
    try:
        return SpeechService.start(settings)
    except ChatterpodError as error:
        log.exception("the worker cannot speak: %s", error.message)
        return error


def start_observer(settings: Settings, service: SpeechService | ChatterpodError) -> Observer:
    """Return who sees the jobs; exits where METRICS_PORT cannot be had."""
    sinks = sinks_of(settings)
    if settings.metrics_port is not None:
        from worker.observation.metrics import Metrics

        metrics = Metrics(lambda: service.vitals() if isinstance(service, SpeechService) else None)
        try:
            metrics.listen(settings.metrics_host, settings.metrics_port)
        except OSError as error:
            sys.exit(
                f"METRICS_PORT: cannot listen at {settings.metrics_host}:{settings.metrics_port}: {error}."
            )
        sinks.append(metrics)
    return Observer(sinks)


def serve(settings: Settings) -> None:
    """Take jobs from RunPod's queue, or from the SDK's own HTTP server under ``--rp_serve_api``."""
    set_up_logging(settings.log_level, settings.log_format)
    service = start_service(settings)
    handler = JobHandler(service, start_observer(settings, service), settings.max_result_bytes)
    runpod.serverless.start(
        {
            "handler": handler.handle,
            "return_aggregate_stream": True,
            # Constant: the SDK waits until the worker is idle before it changes the concurrency.
            "concurrency_modifier": lambda _current: settings.max_concurrency,
        }
    )


if __name__ == "__main__":
    # Guarded, because the SDK's ping process imports this module anew.
    serve(Settings())
