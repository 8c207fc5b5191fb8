"""JSON bodies and errors of the HTTP interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local_runpod.queue import JobNotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local_runpod.jobs import QueuedJob

MEGABYTE = 1_000_000


def failure(status: int, message: str) -> web.Response:
    """Return an error in the hosted API's form."""
    return web.json_response({"error": message}, status=status)


def describe(job: QueuedJob) -> dict[str, Any]:
    """Return a job as /status shows it: times in milliseconds, unknown fields left out."""
    facts: dict[str, Any] = {
        "id": job.id,
        "status": job.status,
        "delayTime": _milliseconds(job.delay_s),
        "executionTime": _milliseconds(job.execution_s),
        "workerId": job.worker_id,
        "output": job.output,
        "error": job.error,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


async def read_object(request: web.Request, limit_bytes: int) -> dict[str, Any]:
    """Return the body as a JSON object.

    Raises ValueError for any other body, and HTTPRequestEntityTooLarge beyond `limit_bytes`. The media type
    is ignored: the SDK posts JSON as a form.
    """
    body = await request.read()
    if len(body) > limit_bytes:
        raise web.HTTPRequestEntityTooLarge(max_size=limit_bytes, actual_size=len(body))
    try:
        value = json.loads(body)
    except ValueError as error:
        raise ValueError("the body is not JSON") from error
    except RecursionError as error:
        raise ValueError("the body is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - a client's mistake, not a programming error
    return value


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Return the errors that a route raises in the hosted API's form."""
    try:
        return await handler(request)
    except JobNotFound:
        return failure(404, "job not found")
    except ValueError as error:
        return failure(400, str(error))
    except web.HTTPRequestEntityTooLarge:
        return failure(413, "the payload is too large: 10 MB for /run, 20 MB for /runsync")
    except web.HTTPException as error:
        return failure(error.status, error.reason)
