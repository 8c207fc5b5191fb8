"""The HTTP application: the routes of clients and workers, and access control."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from aiohttp import web

from local_runpod.client_routes import RUNSYNC_LIMIT_BYTES, ClientRoutes
from local_runpod.responses import MEGABYTE, errors_as_json, failure
from local_runpod.worker_routes import WorkerRoutes
from voices.origins import is_from_another_site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from local_runpod.control_plane import ControlPlane

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(plane: ControlPlane) -> web.Application:
    """Return the application that serves one endpoint."""
    app = web.Application(
        client_max_size=RUNSYNC_LIMIT_BYTES + MEGABYTE,
        middlewares=[errors_as_json, _no_other_sites(plane), _one_endpoint(plane), _with_key(plane)],
    )
    app.add_routes(ClientRoutes(plane).table())
    app.add_routes(WorkerRoutes(plane).table())
    return app


def worker_urls(plane: ControlPlane, base: str) -> dict[str, str]:
    """Return the SDK's URL templates as its environment variables.

    Each contains a `?`, because the SDK appends `&name=value`. `$ID` is the worker's id in the first and the
    job's id in the two POST templates.
    """
    prefix, query = f"{base}/v2/{plane.endpoint}", f"?gpu=local&token={plane.worker_token}"
    return {
        "RUNPOD_WEBHOOK_GET_JOB": f"{prefix}/job-take/$ID{query}",
        "RUNPOD_WEBHOOK_POST_STREAM": f"{prefix}/job-stream/$RUNPOD_POD_ID/$ID{query}",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{prefix}/job-done/$RUNPOD_POD_ID/$ID{query}",
        "RUNPOD_WEBHOOK_PING": f"{prefix}/ping/$RUNPOD_POD_ID{query}",
    }


def _no_other_sites(plane: ControlPlane) -> Middleware:
    """Refuse requests from pages of other sites, by any method: a GET consumes jobs and their output too."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("host") not in plane.hosts:
            return failure(403, "unknown host name for this endpoint: allow it with --allowed-host")
        if is_from_another_site(request.headers):
            return failure(403, "pages of other sites may not use this endpoint")
        return await handler(request)

    return check


def _one_endpoint(plane: ControlPlane) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.get("endpoint", plane.endpoint) != plane.endpoint:
            return failure(404, "endpoint not found")
        return await handler(request)

    return check


def _with_key(plane: ControlPlane) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if plane.api_key is not None and not _is_authorised(request, plane.api_key, plane.worker_token):
            return failure(401, "unauthorized")
        return await handler(request)

    return check


def _is_authorised(request: web.Request, api_key: str, worker_token: str) -> bool:
    if "worker" in request.match_info and _is_same(request.query.get("token", ""), worker_token):
        return True
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _is_same(key, api_key)


def _is_same(given: str, expected: str) -> bool:
    # Header bytes that are not UTF-8 arrive as surrogates.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())
