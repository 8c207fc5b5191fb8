"""Where a web request comes from: a page of another site, or a name that was made to lead here.

Without CORS a browser still sends simple requests and opens WebSockets across sites, and only hides the
answers: whoever would not be used by any page has to look at what the browser says of itself. A site
whose name was made to lead to this machine (DNS rebinding) passes for its own, and is known by its name.

It stands on Python alone: the worker's server and the local queue both ask here.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses to listen on that only this machine's programs reach."""
_FROM_ELSEWHERE = {"cross-site", "same-site"}
_PORTS = {"http": 80, "https": 443}


class KnownHosts:
    """The names by which a server may be asked, as the header ``Host`` has them.

    ``names`` come beside addresses and localhost; ``*`` stands for all. Without any, a server that is
    for this machine alone takes no other name, and the rest take all.
    """

    def __init__(self, names: Iterable[str], *, is_for_this_machine: bool) -> None:
        self._names = frozenset(each.lower() for each in names)
        self._takes_any = "*" in self._names or not (self._names or is_for_this_machine)

    def __contains__(self, host: str | None) -> bool:
        """Whether the server answers to a ``Host``; without one, as in HTTP/1.0, to anybody."""
        if host is None or self._takes_any:
            return True
        name = _split(f"//{host}").hostname or ""
        return name in self._names or _is_nobodys_site(name)


def is_from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site sent the request; ``headers`` are asked by names in small letters."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in _FROM_ELSEWHERE
    # Browsers say that to HTTPS and to localhost alone; a program that is none says neither.
    origin = headers.get("origin")
    return origin is not None and not _is_same_site(origin, headers.get("host", ""))


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
