"""RunPod's handler: a job in, its events out. The only module that imports the SDK.

A job is ``{"id": ..., "input": {"text": "Hello", "voice_id": "anna", "format": "mp3"}}``.
``worker/request.py`` has the fields of its input, ``worker/events.py`` the events of its answer.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any

os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # read at import; the SDK's default logs every event

import runpod
from runpod.serverless.modules import rp_job, rp_scale
from runpod.serverless.modules.rp_http import JOB_DONE_URL
from runpod.serverless.modules.worker_state import JobsProgress

from voices.errors import ChatterpodError
from worker.draining import Draining
from worker.errors import DeviceFailure, EngineFailure, EngineStuck
from worker.health_check import Heartbeat
from worker.job_fetching import Aggregate, taking
from worker.request import Arrival
from worker.service.outer_watchdog import OuterWatchdog
from worker.service.service import SpeechService
from worker.service.unable import Service, Unable
from worker.service.watchdog import REPLACED_AFTER_S
from worker.settings import Settings
from worker.telemetry.logs import set_up_logging
from worker.telemetry.observer import Observer, sinks_of

log = logging.getLogger(__name__)

_HUNG = EngineStuck(
    "The worker made no progress, or did not end in time: it is being replaced. Send the request again.",
    retry_after_s=REPLACED_AFTER_S,
)


class JobHandler:
    """Answers jobs; after a failed start each with the cause, because RunPod would only restart a crash."""

    def __init__(self, service: Service, observer: Observer, max_result_bytes: int) -> None:
        self._service = service
        self._observer = observer
        self._max_result_bytes = max_result_bytes
        self.on_begin: Callable[[], None] = lambda: None
        """Called at the start of each job."""
        self._begun: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def has_begun(self, job_id: str) -> bool:
        """Whether a job that the SDK holds has begun; true until the SDK has posted its answer."""
        return job_id in self._begun

    async def handle(self, job: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """Yield a job's events as JSON objects, and an error as the object with which the SDK fails a job."""
        self.on_begin()
        arrival = Arrival(str(job["id"]), job_id=str(job["id"]))
        items = self._items(job.get("input"), arrival)
        self._close_with_the_task(arrival.request_id, items)
        try:
            async for item in items:
                yield item
        except ChatterpodError as error:
            failure = error
        else:
            return
        # The SDK keeps only the string under "error", and shows clients a traceback for a raised error.
        yield {"error": json.dumps(failure.for_clients())}

    def _close_with_the_task(self, job_id: str, items: AsyncGenerator[dict[str, Any]]) -> None:
        """Close ``items`` when the SDK's task for the job ends.

        A cancellation mostly hits the task while it posts an event. Then the SDK does not close the job's
        generators, and it keeps the task, with everything that the task refers to, until another job has run.
        """

        def end(_: asyncio.Task[Any]) -> None:
            self._begun.discard(job_id)
            closing = asyncio.ensure_future(items.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

        self._begun.add(job_id)
        if (task := asyncio.current_task()) is not None:
            task.add_done_callback(end)

    async def _items(self, job_input: object, arrival: Arrival) -> AsyncGenerator[dict[str, Any]]:
        answer = self._service.respond(job_input, arrival)
        aggregate = Aggregate(self._max_result_bytes)
        async with aclosing(self._observer.watch(answer, job_input, arrival, "queue")) as events:
            async for event in events:
                item = event.as_json()
                yield item
                aggregate.add(item)


def start_service(settings: Settings) -> Service:
    """Start the service; after a failure return one that answers each job with the cause."""
    try:
        return SpeechService.start(settings)
    except ChatterpodError as error:
        log.exception("the worker cannot speak: %s", error.message)
        return Unable(error)


def start_observer(settings: Settings, service: Service) -> Observer:
    """Return the observer of the jobs; exits if ``METRICS_PORT`` cannot be opened."""
    sinks = sinks_of(settings)
    if settings.metrics_port is not None:
        from worker.telemetry.metrics import Metrics

        metrics = Metrics(service.vitals)
        try:
            metrics.listen(settings.metrics_host, settings.metrics_port)
        except OSError as error:
            sys.exit(str(error))
        sinks.append(metrics)
    return Observer(sinks)


def serve(settings: Settings) -> None:
    """Take jobs from RunPod's queue, or from the SDK's own HTTP server under ``--rp_serve_api``."""
    set_up_logging(settings.log_level, settings.log_format)
    serve_jobs(start_service(settings), settings)


def serve_unable(reason: str) -> None:
    """Answer every job with ``reason``: the settings are invalid, and a restart would not change them."""
    settings = Settings.model_construct()
    set_up_logging(settings.log_level, settings.log_format)
    log.error("the worker cannot speak: %s", reason)
    serve_jobs(Unable(EngineFailure(f"This endpoint's settings are invalid. {reason}")), settings)


def serve_jobs(service: Service, settings: Settings) -> None:
    """Run the SDK's loop until shutdown or the engine's final failure; then end the process."""
    handler = JobHandler(service, start_observer(settings, service), settings.max_result_bytes)
    draining = Draining(service, settings.shutdown_grace_s, _held_jobs, handler.has_begun)
    config = {
        "handler": handler.handle,
        "return_aggregate_stream": True,
        "concurrency_modifier": draining.concurrency,
    }
    if service.is_started:
        outer = OuterWatchdog(settings.engine_timeout_s, JOB_DONE_URL, json.dumps(_HUNG.for_clients()))
        handler.on_begin = outer.beat
        config["concurrency_modifier"] = _beating(draining, Heartbeat(settings.heartbeat_file), outer)

        def replace_worker() -> None:
            config["refresh_worker"] = True  # the SDK asks RunPod for a new worker when it posts results
            draining.begin_after_failure()

        service.on_failure = replace_worker
        if service.failure is not None:  # the engine failed before the callback was set
            replace_worker()
    elif isinstance(service.failure, DeviceFailure):
        _declare_unfit(service.failure)
    rp_scale.get_job = taking(rp_job.get_job)  # the SDK's own option for this works in local tests only
    with suppress(asyncio.CancelledError):  # draining ends the loop by cancellation
        runpod.serverless.start(config)
    if service.is_started:
        _end_process(service)


def _beating(draining: Draining, heartbeat: Heartbeat, outer: OuterWatchdog) -> Callable[[int], int]:
    """Return ``draining.concurrency``, extended to send a heartbeat at each request for jobs."""

    def concurrency(current: int) -> int:
        heartbeat.beat()
        wanted = draining.concurrency(current)
        outer.begin(_held_jobs, told_to_end_s=draining.longest_s)
        return wanted

    return concurrency


def _held_jobs() -> list[str]:
    return [str(job) for job in JobsProgress()]


def _declare_unfit(failure: DeviceFailure) -> None:
    """Make RunPod replace this machine: only for the machine's own faults, never for a missing checkpoint."""

    def engine() -> None:
        raise RuntimeError(failure.message)

    runpod.serverless.register_fitness_check(engine)


def _end_process(service: Service) -> None:
    service.close()
    if service.failure is None:
        return
    for child in multiprocessing.active_children():  # the SDK's ping process would outlive this one
        child.terminate()
    logging.shutdown()
    os._exit(1)  # a thread stuck in CUDA would block a normal exit for ever


if __name__ == "__main__":
    # Guarded, because the SDK's ping process imports this module again.
    serve(Settings())
