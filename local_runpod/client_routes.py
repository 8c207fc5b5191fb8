"""The routes of clients: RunPod's hosted queue API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from local_runpod.responses import MEGABYTE, describe, read_object
from local_runpod.webhooks import webhook_of

if TYPE_CHECKING:
    from local_runpod.control_plane import ControlPlane
    from local_runpod.jobs import QueuedJob

RUN_LIMIT_BYTES = 10 * MEGABYTE
RUNSYNC_LIMIT_BYTES = 20 * MEGABYTE
LONGEST_EXECUTION_TIMEOUT_MS = 7 * 24 * 3_600_000
RUNSYNC_WAIT_MS = 90_000
RUNSYNC_WAIT_RANGE_MS = (1_000, 300_000)


class ClientRoutes:
    """The routes under /v2/{endpoint} that clients call."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._queue = plane.queue

    def table(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/v2/{endpoint}/run", self.run),
            web.post("/v2/{endpoint}/runsync", self.run_and_wait),
            web.get("/v2/{endpoint}/stream/{job}", self.stream),
            web.post("/v2/{endpoint}/stream/{job}", self.stream),
            web.get("/v2/{endpoint}/status/{job}", self.status),
            web.post("/v2/{endpoint}/cancel/{job}", self.cancel),
            web.get("/v2/{endpoint}/health", self.health),
            web.post("/v2/{endpoint}/purge-queue", self.purge),
        ]

    async def run(self, request: web.Request) -> web.Response:
        """Queue a job and respond at once."""
        job = await self._submit(request, RUN_LIMIT_BYTES)
        return web.json_response({"id": job.id, "status": job.status})

    async def run_and_wait(self, request: web.Request) -> web.Response:
        """Queue a job and respond when it is finished, or after `?wait=` (ms)."""
        wait_s = _runsync_wait_s(request)
        job = await self._submit(request, RUNSYNC_LIMIT_BYTES)
        await self._plane.long_polls.wait_for(lambda: job.status.is_final, wait_s)
        return web.json_response(describe(job))

    async def stream(self, request: web.Request) -> web.Response:
        """Respond at once with the items since the last call, possibly none."""
        job = self._queue.get(request.match_info["job"])
        items = [{"output": item} for item in self._queue.drain(job.id)]
        answer: dict[str, Any] = {"id": job.id, "status": job.status, "stream": items}
        if job.error is not None:
            answer["error"] = job.error
        return web.json_response(answer)

    async def status(self, request: web.Request) -> web.Response:
        """Respond with the job's state, and its result once it has one."""
        return web.json_response(describe(self._queue.get(request.match_info["job"])))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel the job; a finished one stays as it is."""
        job = self._queue.cancel(request.match_info["job"])
        self._plane.long_polls.wake()
        return web.json_response({"id": job.id, "status": job.status})

    async def health(self, _: web.Request) -> web.Response:
        """Respond with the number of jobs and workers in each state."""
        workers = self._plane.workers.counts(self._queue.busy_workers())
        return web.json_response({"jobs": self._queue.counts(), "workers": workers})

    async def purge(self, _: web.Request) -> web.Response:
        """Cancel every queued job."""
        removed = self._queue.purge()
        self._plane.long_polls.wake()
        return web.json_response({"removed": removed, "status": "completed"})

    async def _submit(self, request: web.Request, limit_bytes: int) -> QueuedJob:
        body = await read_object(request, limit_bytes)
        if not isinstance(body.get("input"), dict):
            raise ValueError('the body needs an "input" object')  # noqa: TRY004 - a client's mistake
        job = self._queue.submit(
            body["input"],
            execution_timeout_s=self._execution_timeout_s(body.get("policy")),
            result_limit_bytes=limit_bytes,
            webhook=webhook_of(body),
        )
        self._plane.long_polls.wake()
        return job

    def _execution_timeout_s(self, policy: Any) -> float:
        timeout_ms = policy.get("executionTimeout") if isinstance(policy, dict) else None
        if timeout_ms is None:
            return self._plane.execution_timeout_s
        if not isinstance(timeout_ms, (int, float)) or not 0 < timeout_ms <= LONGEST_EXECUTION_TIMEOUT_MS:
            raise ValueError("executionTimeout must be a number of milliseconds, at most a week")
        return timeout_ms / 1000


def _runsync_wait_s(request: web.Request) -> float:
    shortest, longest = RUNSYNC_WAIT_RANGE_MS
    try:
        wait_ms = int(request.query.get("wait", RUNSYNC_WAIT_MS))
    except ValueError as error:
        raise ValueError("wait must be a number of milliseconds") from error
    return min(max(wait_ms, shortest), longest) / 1000
