"""How the server is: for RunPod's load balancer, for people, for Prometheus."""

import time
from importlib.metadata import version

from fastapi import APIRouter
from starlette.responses import Response

from worker.errors import ShuttingDown
from worker.server import openapi as documents
from worker.server.backend import Backend
from worker.server.failures import Json, answer_to

_PROMETHEUS = "text/plain; version=1.0.0; charset=utf-8"


def _integers(*names: str) -> dict[str, dict[str, str]]:
    return {name: {"type": "integer"} for name in names}


_HEALTH = {
    "type": "object",
    "required": ["status", "version", "uptime_s"],
    "properties": {
        "status": {"type": "string", "enum": ["loading", "ready", "failed"]},
        "version": {"type": "string"},
        "uptime_s": {"type": "number"},
        "engine": {"type": "string"},
        "sample_rate": {"type": "integer"},
        "voices": {
            "type": ["integer", "null"],
            "description": "Null where their store has not answered within a second.",
        },
        "cached_voices": {"type": "integer"},
        "voice_cache_bytes": {"type": "integer"},
        "active_requests": {"type": "integer"},
        "engine_load": {
            "type": ["object", "null"],
            "description": "Text chunks and slots; null for an engine that speaks whatever comes at once.",
            "properties": _integers("streams", "waiting", "slots_used", "slots"),
        },
        "device_memory": {
            "type": ["object", "null"],
            "description": "Bytes of the GPU's memory; null without one.",
            "properties": _integers("allocated", "reserved", "free", "total"),
        },
        "error": {"type": "object"},
        "store_error": {
            "type": "object",
            "description": "Why no voice can be read, but for those that are in memory.",
        },
    },
}


def state_routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["state"])
    started = time.monotonic()

    @routes.get(
        "/ping",
        summary="Whether it can speak",
        response_class=Json,
        responses={
            200: documents.answers({"type": "object"}, "Ready."),
            204: {"description": "The engine is being loaded."},
            500: documents.answers(documents.ERROR, "The engine could not be loaded."),
            503: documents.answers(
                documents.ERROR, "It is being stopped, or its voices cannot be read: send requests elsewhere."
            ),
            405: documents.failures()[405],
        },
    )
    async def ping() -> Response:
        """Answer as RunPod's load balancer asks: 200 when healthy, 204 while initialising."""
        if backend.failure is not None:
            return answer_to(backend.failure, "/ping")
        if backend.is_ending:
            return answer_to(ShuttingDown(), "/ping")
        if (store_failure := backend.store_failure) is not None:
            return answer_to(store_failure, "/ping")
        return Response(status_code=204) if backend.state == "loading" else Json({"status": "ready"})

    @routes.get(
        "/health",
        summary="How it is",
        response_class=Json,
        responses={200: documents.answers(_HEALTH, "How it is."), **documents.failures()},
    )
    async def health() -> Json:
        """Tell what is loaded and how many requests are under way."""
        told = {
            "status": backend.state,
            "version": version("chatterpod"),
            "uptime_s": round(time.monotonic() - started, 1),
        }
        if backend.failure is not None:
            return Json(told | {"error": backend.failure.for_clients()})
        if backend.state == "ready":
            facts = await backend.health()
            del facts["type"]
            told |= facts
            if (store_failure := backend.store_failure) is not None:
                told["store_error"] = store_failure.for_clients()
        return Json(told)

    @routes.get(
        "/metrics",
        summary="Prometheus",
        response_class=Response,
        responses={
            200: {"description": "Counters.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **documents.failures(),
        },
    )
    async def metrics() -> Response:
        """Return what is counted, in Prometheus's text format."""
        return Response(backend.metrics.text(), headers={"Content-Type": _PROMETHEUS})

    return routes
