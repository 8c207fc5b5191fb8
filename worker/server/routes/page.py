"""The page at ``/``, and the JavaScript client that it uses."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

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
    # The page loads nothing from other sites; the client creates the worklet as a blob.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' blob:; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def _serving(file: str, mime: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  # FastAPI reads its signature
    async def serve() -> FileResponse:
        return FileResponse(_FILES / file, media_type=mime, headers=_HEADERS)

    return serve


page_routes = APIRouter(include_in_schema=False)
for _path, (_file, _mime) in _MIMES.items():
    page_routes.add_api_route(_path, _serving(_file, _mime), response_class=Response)
