"""RunPod's handler: a job in, its events out. The only module that knows the SDK.

A job is ``{"id": ..., "input": {"text": "Hello", "voice_id": "anna", "format": "mp3"}}``; what it
may hold is in ``worker/request.py``, what it is answered with in ``worker/events.py``.
"""

import json
import logging
import os
from collections.abc import AsyncIterator
from typing import Any

os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # read at import; its default logs every chunk

import runpod

from voices.errors import ChatterpodError
from worker.aggregate import Aggregate
from worker.progress import Arrival
from worker.service import SpeechService
from worker.settings import Settings

log = logging.getLogger(__name__)


class JobHandler:
    """Answers jobs; after a start that failed, each with its cause: a crash would only be restarted."""

    def __init__(self, service: SpeechService | ChatterpodError, max_result_bytes: int) -> None:
        self._service = service
        self._max_result_bytes = max_result_bytes

    async def handle(self, job: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield a job's events as JSON objects; an error as the one object that the SDK ends a job with."""
        arrival = Arrival(str(job["id"]))
        aggregate = Aggregate(self._max_result_bytes)
        try:
            if isinstance(self._service, ChatterpodError):
                raise self._service
            async for event in self._service.respond(job["input"], arrival):
                item = event.as_json()
                yield item
                aggregate.add(item)
        except ChatterpodError as error:
            log.warning("request %s: %s: %s", arrival.request_id, error.code, error.message)
            # The SDK keeps only the string under "error", and shows clients a traceback for what is raised.
            yield {"error": json.dumps(error.as_dict())}


def start_service(settings: Settings) -> SpeechService | ChatterpodError:
    """Start the service, or return why it cannot be."""
    try:
        return SpeechService.start(settings)
    except ChatterpodError as error:
        log.exception("the worker cannot speak: %s", error.message)
        return error


def serve(settings: Settings) -> None:
    """Take jobs from RunPod's queue, or from the SDK's own HTTP server under ``--rp_serve_api``."""
    logging.getLogger().setLevel(settings.log_level)
    handler = JobHandler(start_service(settings), settings.max_result_bytes)
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
