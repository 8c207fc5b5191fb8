"""Normalised requests: HEAD is routed as GET, and superfluous slashes are removed from the path."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile("/{2,}")


class AsMeant:
    """Routes HEAD as GET, ``/voices/`` as ``/voices`` and ``/v1//models`` as ``/v1/models``.

    A redirect would not work: it turns a POST into a GET in some clients, and a browser's preflight may
    not follow one. uvicorn omits the body of the response to HEAD.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its normalised path."""
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "path": _SLASHES.sub("/", scope["path"]).rstrip("/") or "/"}
            if scope.get("method") == "HEAD":
                scope["method"] = "GET"
        await self._app(scope, receive, send)
