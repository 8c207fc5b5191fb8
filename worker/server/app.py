"""The application: its routes, its middleware and its error handlers."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from voices.errors import ChatterpodError, InvalidRequest, StoreFailure
from worker.errors import EngineFailure
from worker.server.access import AccessControl
from worker.server.as_meant import AsMeant
from worker.server.backend import Backend
from worker.server.bounds import BodyBounds
from worker.server.failures import Json, MethodNotAllowed, NotFound, answer_to
from worker.server.openapi import SPOKEN_HEADERS, DocumentedApp
from worker.server.routes.dependencies import Shared
from worker.server.routes.openai import openai_routes
from worker.server.routes.page import PAGE_PATHS, page_routes
from worker.server.routes.speech import speech_routes
from worker.server.routes.state import state_routes
from worker.server.routes.telephony import TWILIO_SOCKET, telephony_routes
from worker.server.routes.voices import voice_routes
from worker.server.settings import ServerSettings
from worker.server.socket.sockets import socket_routes

OPENAPI_PATH = "/openapi.json"
_METHOD_NOT_ALLOWED = 405
_OPEN_PATHS = frozenset({*PAGE_PATHS, OPENAPI_PATH, "/ping", TWILIO_SOCKET})
"""Paths that need no key in a header; Twilio sends its key in the stream's parameters."""
_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
_DESCRIPTION = """Chatterbox speech in cloned voices, streamed while it is being spoken.

Two WebSockets are not in this document, because OpenAPI cannot describe them: API.md documents `/tts/stream`
and `/twilio/media`."""


def make_app(backend: Backend) -> DocumentedApp:
    """Return the application over a backend; it loads the backend at startup and closes it at shutdown."""
    settings = backend.server_settings
    app = DocumentedApp(
        needs_key=settings.api_key is not None,
        open_paths=_OPEN_PATHS,
        title="Chatterpod",
        version=version("chatterpod"),
        description=_DESCRIPTION,
        openapi_url=OPENAPI_PATH,
        docs_url=None,  # its page loads scripts from another site
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=Json,
        lifespan=partial(_lifespan, backend),
        middleware=_middleware(settings),
    )
    app.state.shared = Shared(backend)
    for routes in (
        speech_routes,
        openai_routes,
        telephony_routes,
        voice_routes,
        state_routes,
        socket_routes(backend),
        page_routes,
    ):
        app.include_router(routes)
    app.add_exception_handler(ChatterpodError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(Exception, _on_defect)
    return app


@contextlib.asynccontextmanager
async def _lifespan(backend: Backend, _app: FastAPI) -> AsyncIterator[None]:
    """Load the engine in the background, so that the server can answer in the meantime."""
    loading = asyncio.create_task(backend.load())
    yield
    if backend.state == "loading":
        loading.cancel()  # its thread continues: a partly loaded engine cannot be closed
    await backend.close()


def _middleware(settings: ServerSettings) -> list[Middleware]:
    def limit_mb(path: str, is_multipart: bool) -> float:
        is_upload = is_multipart and path == "/voices" and settings.voice_uploads
        return settings.max_upload_mb if is_upload else settings.max_body_mb

    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=_METHODS,
        allow_headers=["*"],  # each client library sends its own, and none grants access
        allow_private_network=True,  # the server may run on the browser's machine
        expose_headers=[*SPOKEN_HEADERS, "Retry-After", "Accept-Ranges", "Content-Range", "ETag"],
    )
    return [
        *([cors] if settings.cors_origins else []),
        Middleware(AsMeant),
        Middleware(AccessControl, settings=settings, open_paths=_OPEN_PATHS),
        Middleware(BodyBounds, limit_mb=limit_mb, timeout_s=settings.body_timeout_s),
    ]


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ChatterpodError)  # noqa: S101  # as registered
    return answer_to(error, request.url.path)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path, an unsupported method or an invalid form."""
    assert isinstance(error, HTTPException)  # noqa: S101  # as registered
    if isinstance(error.__cause__, ChatterpodError):  # FastAPI read the form, and its body was refused
        return answer_to(error.__cause__, request.url.path)
    if isinstance(error.__cause__, OSError):  # likewise, and the disk was full
        failure = StoreFailure.of(
            error.__cause__, "keep the upload in", Path(tempfile.gettempdir()), "TMPDIR"
        )
        return answer_to(failure, request.url.path)
    if error.status_code == _METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods(request))
        not_allowed = MethodNotAllowed(f"Use {allowed} here.")
        return answer_to(not_allowed, request.url.path, {"Allow": allowed})
    if error.status_code == 400:  # noqa: PLR2004  # an invalid form
        refusal: ChatterpodError = InvalidRequest(f"{str(error.detail).rstrip('.')}.", field="body")
    else:
        refusal = NotFound("There is no such path: /openapi.json lists the paths.")
    return answer_to(refusal, request.url.path, error.headers)


def _methods(request: Request) -> list[str]:
    """Return the methods of a path over all routes; GET implies HEAD."""
    found = []
    for method in _METHODS:
        asked = {**request.scope, "method": "GET" if method == "HEAD" else method}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            found.append(method)
    return found


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Answer a missing or invalid form field or path parameter."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as registered
    first: Any = error.errors()[0]
    field = str(first["loc"][-1])
    return answer_to(InvalidRequest(f"{field}: {first['msg']}.", field=field[:80]), request.url.path)


async def _on_gone(_request: Request, _error: Exception) -> Response:
    """Return a response that is never sent: the client disconnected during its request."""
    return Response(status_code=400)


async def _on_defect(request: Request, _error: Exception) -> Response:
    """Answer an internal error; the traceback goes to the log, not to the client."""
    return answer_to(EngineFailure("The server failed on this request; its log says why."), request.url.path)
