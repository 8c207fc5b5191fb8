"""The server's state, for RunPod's load balancer, people and Prometheus."""

import time
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from worker.engine.base import Occupancy
from worker.engine.machine import DeviceMemory
from worker.errors import ShuttingDown
from worker.server.failures import answer_to
from worker.server.openapi import ErrorObject, Maybe, failures
from worker.server.routes.dependencies import TheBackend, TheShared

_PROMETHEUS = "text/plain; version=1.0.0; charset=utf-8"
_FAILURES = failures(500)


class Ready(BaseModel):
    """The server is ready."""

    status: Literal["ready"]


class Health(BaseModel):
    """The server's state; the fields about the engine appear once it is ready."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["loading", "ready", "failed"]
    version: str
    uptime_s: float
    engine: Maybe[str] = None
    sample_rate: Annotated[Maybe[int], Field(description="Hz.")] = None
    voices: Annotated[
        int | None, Field(description="Null if their store did not answer within a second.")
    ] = None
    cached_voices: Maybe[int] = None
    voice_cache_bytes: Maybe[int] = None
    active_requests: Maybe[int] = None
    engine_load: Annotated[
        Occupancy | None,
        Field(description="Text chunks and slots; null for an engine without slots."),
    ] = None
    device_memory: Annotated[
        DeviceMemory | None, Field(description="Bytes of the GPU's memory; null without one.")
    ] = None
    error: Annotated[Maybe[ErrorObject], Field(description="Why the engine cannot speak.")] = None
    store_error: Annotated[
        Maybe[ErrorObject],
        Field(description="Why voices that are not cached cannot be read."),
    ] = None


state_routes = APIRouter(tags=["state"])


@state_routes.get(
    "/ping",
    summary="Readiness",
    response_model=Ready,
    response_description="Ready.",
    responses={
        204: {"description": "The engine is loading."},
        405: _FAILURES[405],
        500: {**_FAILURES[500], "description": "The engine could not be loaded."},
        503: {
            **_FAILURES[503],
            "description": "Shutting down, or the voices cannot be read: send requests elsewhere.",
        },
    },
)
async def ping(backend: TheBackend) -> Response | Ready:
    """Respond as RunPod's load balancer expects: 200 when healthy, 204 while initialising."""
    if backend.failure is not None:
        return answer_to(backend.failure, "/ping")
    if backend.is_ending:
        return answer_to(ShuttingDown(), "/ping")
    if (store_failure := backend.store_failure) is not None:
        return answer_to(store_failure, "/ping")
    return Response(status_code=204) if backend.state == "loading" else Ready(status="ready")


@state_routes.get(
    "/health",
    summary="Health",
    response_description="The server's state.",
    response_model_exclude_unset=True,
    responses=failures(),
)
async def health(shared: TheShared) -> Health:
    """Report the engine, the voices and the requests in progress."""
    backend = shared.backend
    body: dict[str, Any] = {
        "status": backend.state,
        "version": version("chatterpod"),
        "uptime_s": round(time.monotonic() - shared.started, 1),
    }
    if backend.failure is not None:
        body["error"] = backend.failure.for_clients()
    elif backend.state == "ready":
        facts = await backend.health()
        del facts["type"]
        body |= facts
        if (store_failure := backend.store_failure) is not None:
            body["store_error"] = store_failure.for_clients()
    return Health(**body)


@state_routes.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **failures(),
    },
)
async def metrics(backend: TheBackend) -> Response:
    """Return the metrics in Prometheus's text format."""
    return Response(backend.metrics.text(), headers={"Content-Type": _PROMETHEUS})
