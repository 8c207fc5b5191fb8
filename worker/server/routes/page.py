"""The page at ``/``, and the JavaScript client that it speaks through."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from worker.server.backend import Backend

_FILES = Path(__file__).parents[1] / "page"
_MIMES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/commands.js": ("commands.js", "text/javascript"),
    "/meters.js": ("meters.js", "text/javascript"),
    "/waveform.js": ("waveform.js", "text/javascript"),
    "/chatterpod.js": ("chatterpod.js", "text/javascript"),
    "/chatterpod.d.ts": ("chatterpod.d.ts", "text/plain"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}
PAGE_PATHS = tuple(_MIMES)
_HEADERS = {
    # Nothing from elsewhere, whatever is typed into the page; the worklet is a blob of the client's own.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' blob:; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes(_backend: Backend) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)
    for path, (file, mime) in _MIMES.items():
        routes.add_api_route(path, _serving(file, mime), response_class=Response)
    return routes


def _serving(file: str, mime: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  # a route's own function
    async def serve() -> FileResponse:
        return FileResponse(_FILES / file, media_type=mime, headers=_HEADERS)

    return serve
