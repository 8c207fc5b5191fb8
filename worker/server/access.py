"""Access control: the API key, host names and cross-site requests."""

import base64
import binascii
import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from voices.errors import ChatterpodError
from voices.origins import KnownHosts, is_from_another_site
from worker.server.failures import HostRefused, NotAuthorised, OriginRefused, answer_to
from worker.server.settings import ServerSettings

SUBPROTOCOL = "chatterpod"
_KEY_PROTOCOL = "key."
"""A page cannot set a WebSocket's headers: it offers the subprotocol ``key.`` and its key in base64url."""
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class AccessControl:
    """Passes a request on if it has the key and does not come from a page of another site.

    ``open_paths`` need no key. A server without a key that only this machine can reach
    refuses host names that another site could use (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, open_paths: Iterable[str]) -> None:
        self._app = app
        self._settings = settings
        self._open_paths = frozenset(open_paths)
        self._hosts = KnownHosts(settings.allowed_hosts, is_for_this_machine=settings.is_for_this_machine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        error = self._refusal(scope)
        if error is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()  # the handshake; the refusal below is its response
        await answer_to(error, scope["path"])(scope, receive, send)

    def _refusal(self, scope: Scope) -> ChatterpodError | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return HostRefused("This server does not know that host name: add it to ALLOWED_HOSTS.")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and self._is_foreign(headers):
            return OriginRefused("Pages of this site may not use this server: add the site to CORS_ORIGINS.")
        if scope["path"] in self._open_paths or (not changes and scope["method"] == "OPTIONS"):
            return None
        if any(key_is_right(self._settings, key) for key in _keys(HTTPConnection(scope))):
            return None
        return NotAuthorised(
            "The API key is missing or wrong: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
        )

    def _is_foreign(self, headers: Headers) -> bool:
        allowed, origin = self._settings.cors_origins, headers.get("origin")
        if "*" in allowed or origin in allowed:
            return False
        return is_from_another_site(headers)


def key_is_right(settings: ServerSettings, key: str | None) -> bool:
    """Whether a key is the server's; compared in constant time."""
    if settings.api_key is None:
        return True
    return key is not None and hmac.compare_digest(_bytes(key), _bytes(settings.api_key.get_secret_value()))


def _bytes(key: str) -> bytes:
    """Return a key as bytes, even if it is invalid Unicode."""
    return key.encode(errors="surrogatepass")


def _keys(connection: HTTPConnection) -> list[str | None]:
    """Return the keys that a request carries; RunPod's load balancer uses the bearer token as its own key."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    offered = connection.scope.get("subprotocols") or []
    return [bearer, connection.headers.get("x-api-key"), *(_from_subprotocol(each) for each in offered)]


def _from_subprotocol(offered: str) -> str | None:
    if not offered.startswith(_KEY_PROTOCOL):
        return None
    encoded = offered.removeprefix(_KEY_PROTOCOL)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
