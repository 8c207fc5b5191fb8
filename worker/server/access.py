"""Who may ask: the API key, and pages of other sites."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from voices.errors import ChatterpodError
from worker.server.failures import HostRefused, NotAuthorised, OriginRefused, answer_to
from worker.server.settings import ServerSettings

SUBPROTOCOL = "chatterpod"
_KEY_PROTOCOL = "key."
"""A page cannot set a WebSocket's headers: it offers the subprotocol ``key.`` and its key in base64url."""
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FROM_ELSEWHERE = {"cross-site", "same-site"}
_PORTS = {"http": 80, "https": 443}


class AccessControl:
    """Lets a request through that has the key and does not come from a page of another site.

    ``open_paths`` need no key. Without CORS a browser still sends simple requests and opens
    WebSockets across sites, and only hides the answers: those are refused by what it says of itself.

    A site whose name was made to lead to this machine (DNS rebinding) passes for its own: a server that
    only this machine can reach, and that asks for no key, answers to no such name.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, open_paths: Iterable[str]) -> None:
        self._app = app
        self._settings = settings
        self._open_paths = frozenset(open_paths)
        self._allowed_hosts = frozenset(each.lower() for each in settings.allowed_hosts)
        has_names = bool(self._allowed_hosts) or settings.is_for_this_machine
        self._takes_any_host = "*" in self._allowed_hosts or not has_names

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
            await receive()  # the handshake, which is answered by what follows
        await answer_to(error, scope["path"])(scope, receive, send)

    def _refusal(self, scope: Scope) -> ChatterpodError | None:
        headers = Headers(scope=scope)
        if not self._is_known(headers.get("host")):
            return HostRefused("This server has another name: add the one you use to ALLOWED_HOSTS.")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and self._is_foreign(headers):
            return OriginRefused("Pages of this site may not use this server: add it to CORS_ORIGINS.")
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
        if (site := headers.get("sec-fetch-site")) is not None:
            return site in _FROM_ELSEWHERE
        # Browsers say that to HTTPS and to localhost alone; a program that is none says neither.
        return origin is not None and not _is_same_site(origin, headers.get("host", ""))

    def _is_known(self, host: str | None) -> bool:
        if host is None or self._takes_any_host:
            return True
        name = _split(f"//{host}").hostname or ""
        return name in self._allowed_hosts or _is_nobodys_site(name)


def _is_same_site(origin: str, host: str) -> bool:
    """Whether an origin, as in ``https://app.example.com``, is the ``Host`` that was asked."""
    page = _split(origin)
    usual = _PORTS.get(page.scheme)
    if usual is None:  # no page's
        return False
    asked = _split(f"//{host}")
    return page.hostname == asked.hostname and _port(page, usual) == _port(asked, usual) is not None


def _is_nobodys_site(name: str) -> bool:
    """Whether no site can take a host's name: an address, or one that always leads to this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _split(url: str) -> SplitResult:
    """Split a URL; one that is none has neither host nor port."""
    try:
        return urlsplit(url)
    except ValueError:  # an IPv6 address that is none
        return urlsplit("")


def _port(url: SplitResult, usual: int | None) -> int | None:
    try:
        return url.port or usual
    except ValueError:
        return None


def key_is_right(settings: ServerSettings, key: str | None) -> bool:
    """Whether a key is the server's; compared in a time that does not tell how much of it is right."""
    if settings.api_key is None:
        return True
    return key is not None and hmac.compare_digest(_bytes(key), _bytes(settings.api_key.get_secret_value()))


def _bytes(key: str) -> bytes:
    """Return a key as bytes, be it valid Unicode or not."""
    return key.encode(errors="surrogatepass")


def _keys(connection: HTTPConnection) -> list[str | None]:
    """Return the keys that a request carries; RunPod's load balancer takes the bearer's for itself."""
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
