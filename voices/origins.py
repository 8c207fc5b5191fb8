"""Cross-site request and DNS rebinding checks.

Without CORS a browser still sends simple cross-site requests and opens cross-site WebSockets; it only
hides the responses. A server must therefore check the browser's own headers. A site that rebinds its
name to this machine passes for same-site, and is recognised by the ``Host`` header.

The module needs only the standard library: the worker's server and the local queue both use it.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Listening addresses that only programs of this machine can reach."""
_OTHER_ORIGINS = {"cross-site", "same-site"}
_PORTS = {"http": 80, "https": 443}


class KnownHosts:
    """The ``Host`` names that a server answers to.

    IP addresses and localhost are always accepted, ``names`` in addition; ``*`` accepts every name.
    Without ``names``, a server for this machine accepts no other name, and any other server every name.
    """

    def __init__(self, names: Iterable[str], *, is_for_this_machine: bool) -> None:
        self._names = frozenset(each.lower() for each in names)
        self._takes_any = "*" in self._names or not (self._names or is_for_this_machine)

    def __contains__(self, host: str | None) -> bool:
        """Whether the server answers to a ``Host``; a request without one, as in HTTP/1.0, is accepted."""
        if host is None or self._takes_any:
            return True
        name = _split(f"//{host}").hostname or ""
        return name in self._names or _is_unclaimable(name)


def is_from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site sent the request; ``headers`` is looked up by lower-case names."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in _OTHER_ORIGINS
    # Browsers send Sec-Fetch-Site only to HTTPS and localhost; other programs send neither header.
    origin = headers.get("origin")
    return origin is not None and not _is_same_site(origin, headers.get("host", ""))


def _is_same_site(origin: str, host: str) -> bool:
    """Whether an origin such as ``https://app.example.com`` is the request's ``Host``."""
    page = _split(origin)
    usual = _PORTS.get(page.scheme)
    if usual is None:  # not the origin of a web page
        return False
    asked = _split(f"//{host}")
    return page.hostname == asked.hostname and _port(page, usual) == _port(asked, usual) is not None


def _is_unclaimable(name: str) -> bool:
    """Whether no site can claim the host name: an IP address, or a name of localhost."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _split(url: str) -> SplitResult:
    """Split a URL; a malformed one has neither host nor port."""
    try:
        return urlsplit(url)
    except ValueError:  # a malformed IPv6 address
        return urlsplit("")


def _port(url: SplitResult, usual: int | None) -> int | None:
    try:
        return url.port or usual
    except ValueError:
        return None
