"""The routes of workers: the protocol of RunPod's SDK 1.12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from local_runpod.responses import MEGABYTE, failure, read_object

if TYPE_CHECKING:
    from local_runpod.control_plane import ControlPlane
    from local_runpod.jobs import QueuedJob

STREAM_ITEM_LIMIT_BYTES = MEGABYTE
LARGEST_RESULT_BYTES = 20 * MEGABYTE
NO_CONTENT = 204


class WorkerRoutes:
    """The routes under /v2/{endpoint} that the SDK calls."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._queue = plane.queue

    def table(self) -> list[web.RouteDef]:
        """Return the routes; the SDK derives the batch and stop URLs from the job-take URL."""
        return [
            web.get("/v2/{endpoint}/job-take/{worker}", self.take),
            web.get("/v2/{endpoint}/job-take-batch/{worker}", self.take_batch),
            web.get("/v2/{endpoint}/job-stop/{worker}", self.stop),
            web.get("/v2/{endpoint}/ping/{worker}", self.ping),
            web.post("/v2/{endpoint}/job-stream/{worker}/{job}", self.stream),
            web.post("/v2/{endpoint}/job-done/{worker}/{job}", self.done),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """Respond with the next job, or 204 if none came in time."""
        jobs = await self._take(request, 1)
        return web.json_response(_for_worker(jobs[0])) if jobs else web.Response(status=NO_CONTENT)

    async def take_batch(self, request: web.Request) -> web.Response:
        """Respond with up to `batch_size` jobs, or 204 if none came in time."""
        limit = max(1, int(request.query.get("batch_size", "1")))
        jobs = await self._take(request, limit)
        if not jobs:
            return web.Response(status=NO_CONTENT)
        return web.json_response([_for_worker(job) for job in jobs])

    async def stop(self, request: web.Request) -> web.Response:
        """Respond with the jobs to stop as soon as there is one, or 204."""
        worker_id = request.match_info["worker"]
        self._plane.workers.heard(worker_id)
        stops = await self._plane.long_polls.wait_for(
            lambda: [] if _is_gone(request) else self._queue.take_stops(worker_id), self._plane.stop_wait_s
        )
        return web.json_response({"jobsToStop": stops}) if stops else web.Response(status=NO_CONTENT)

    async def ping(self, request: web.Request) -> web.Response:
        """Record a sign of life, or the failed check with which the worker gives up."""
        worker_id, query = request.match_info["worker"], request.query
        if query.get("status") == "unhealthy":
            reason = f"{query.get('check', '?')}: {query.get('reason', '?')}"
            self._plane.workers.reported_unhealthy(worker_id, reason)
        else:
            self._plane.workers.heard(worker_id)
        return web.json_response({})

    async def stream(self, request: web.Request) -> web.Response:
        """Keep one yielded item for the client.

        An item over 1 MB is refused: RunPod does not document how it splits one, so this project must not
        depend on it.
        """
        try:
            body = await read_object(request, STREAM_ITEM_LIMIT_BYTES)
        except web.HTTPRequestEntityTooLarge:
            return failure(400, "a stream item is limited to 1 MB")
        job_id, worker_id = request.match_info["job"], request.match_info["worker"]
        if not self._queue.add_item(job_id, worker_id, body.get("output"), await _size(request)):
            self._plane.long_polls.wake()  # the worker may need another stop
        return web.json_response({})

    async def done(self, request: web.Request) -> web.Response:
        """Record a result; one beyond the hosted limit is refused with 400 and lost, as on RunPod."""
        job = self._queue.get(request.match_info["job"])
        try:
            body = await read_object(request, job.result_limit_bytes or LARGEST_RESULT_BYTES)
        except web.HTTPRequestEntityTooLarge:
            return failure(400, "the result is too large")
        self._record(job, request.match_info["worker"], body, await _size(request))
        return web.json_response({})

    def _record(self, job: QueuedJob, worker_id: str, body: dict[str, Any], size_bytes: int) -> None:
        if body.get("status") == "IN_PROGRESS":  # the SDK's progress_update uses this route too
            self._queue.report_progress(job.id, worker_id, body.get("output"))
            return
        self._queue.finish(
            job.id, worker_id, output=body.get("output"), error=body.get("error"), size_bytes=size_bytes
        )
        self._plane.long_polls.wake()

    async def _take(self, request: web.Request, limit: int) -> list[QueuedJob]:
        worker_id = request.match_info["worker"]
        self._plane.workers.polled(worker_id)
        return await self._plane.long_polls.wait_for(
            lambda: [] if _is_gone(request) else self._queue.take(worker_id, limit), self._plane.take_wait_s
        )


async def _size(request: web.Request) -> int:
    return len(await request.read())  # already read: aiohttp keeps it


def _for_worker(job: QueuedJob) -> dict[str, Any]:
    return {"id": job.id, "input": job.input}


def _is_gone(request: web.Request) -> bool:
    # A job given to a dead connection would wait for its worker forever.
    return request.transport is None or request.transport.is_closing()
