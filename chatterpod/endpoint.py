"""The part common to both clients: addresses, protocols, timeouts, retries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypedDict, TypeVar

import httpx

from chatterpod.api import checked_key
from chatterpod.characters import whole_characters
from chatterpod.deadline import Deadline
from chatterpod.http_api import HttpApi
from chatterpod.local_api import LocalApi
from chatterpod.queue_api import QueueApi
from chatterpod.reception import Reception

if TYPE_CHECKING:
    from typing import Unpack

    from chatterpod.protocol import Api
    from chatterpod.steps import Steps

RUNPOD_URL = "https://api.runpod.ai/v2/{}"
RUNPOD_HTTP_URL = "https://{}.api.runpod.ai"
DEFAULT_TIMEOUT_S = 600.0
REQUEST_TIMEOUT_S = 30.0
DEFAULT_RETRIES = 3
READY_POLL_S = 0.25

ProtocolName = Literal["queue", "http", "local_api"]
Transport = TypeVar("Transport")


class Options(TypedDict, total=False):
    """The options of every endpoint: see `Endpoint`."""

    timeout: float | None
    request_timeout: float
    retries: int
    server_key: str | None
    transport: Any


class Endpoint(ABC, Generic[Transport]):
    """An endpoint on RunPod or on this machine.

    `timeout` limits a whole request in seconds, queueing and cold start included (None: no limit).
    `request_timeout` limits one HTTP exchange, or a silence within a streamed one. `retries` is how often a
    request is made again after `overloaded`, as long as none of its audio has come. `server_key` is the HTTP
    server's own key; `api_key` is for the proxy in front of it.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        protocol: ProtocolName = "queue",
        timeout: float | None = DEFAULT_TIMEOUT_S,
        request_timeout: float = REQUEST_TIMEOUT_S,
        retries: int = DEFAULT_RETRIES,
        server_key: str | None = None,
        transport: Transport | None = None,
    ) -> None:
        self._api = _api(protocol, base_url, request_timeout)
        self._timeout = timeout
        self._retries = retries
        # The keys are kept only in the HTTP client's headers, which no repr shows.
        self._connect(_key_headers(api_key, server_key), _limits(protocol), transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._api.base_url!r})"

    @classmethod
    def runpod(cls, endpoint_id: str, api_key: str, **options: Unpack[Options]) -> Self:
        """Return a client of a queue endpoint hosted by RunPod."""
        return cls(RUNPOD_URL.format(endpoint_id), api_key, **options)

    @classmethod
    def runpod_http(cls, endpoint_id: str, api_key: str, **options: Unpack[Options]) -> Self:
        """Return a client of a load-balancing endpoint hosted by RunPod."""
        return cls.http(RUNPOD_HTTP_URL.format(endpoint_id), api_key, **options)

    @classmethod
    def http(cls, base_url: str, api_key: str | None = None, **options: Unpack[Options]) -> Self:
        """Return a client of `python -m worker serve`, on any machine."""
        return cls(base_url, api_key, protocol="http", **options)

    @classmethod
    def local_api(cls, base_url: str, **options: Unpack[Options]) -> Self:
        """Return a client of the RunPod SDK's local server, `--rp_serve_api`, which does not stream."""
        return cls(base_url, protocol="local_api", **options)

    @abstractmethod
    def _connect(self, headers: dict[str, str], limits: httpx.Limits, transport: Transport | None) -> None:
        """Open the HTTP client that sends the requests."""

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline(self._timeout if timeout is None else timeout)

    def _reception(self, fields: dict[str, Any], timeout: float | None) -> Reception:
        given = {name: value for name, value in fields.items() if value is not None}
        if isinstance(text := given.get("text"), str):
            given["text"] = whole_characters(text)
        return Reception(self._api, given, self._deadline(timeout), self._retries)

    def _wait_until_ready(self, timeout: float | None) -> Steps[None]:
        deadline = self._deadline(timeout)
        while not (yield from self._api.is_ready(deadline)):
            yield from deadline.pause(READY_POLL_S)


def _api(protocol: ProtocolName, base_url: str, request_timeout: float) -> Api:
    match protocol:
        case "queue":
            return QueueApi(base_url, request_timeout=request_timeout)
        case "http":
            return HttpApi(base_url, request_timeout=request_timeout)
        case "local_api":
            return LocalApi(base_url, request_timeout=request_timeout)
    raise ValueError(f"protocol: use queue, http or local_api, not {protocol!r}")


def _key_headers(api_key: str | None, server_key: str | None) -> dict[str, str]:
    bearer = {"Authorization": f"Bearer {checked_key(api_key)}"} if api_key else {}
    return bearer | ({"X-API-Key": checked_key(server_key)} if server_key else {})


def _limits(protocol: ProtocolName) -> httpx.Limits:
    """Return the upper bound of connections: over HTTP, each request in progress holds one."""
    return httpx.Limits(max_connections=400 if protocol == "queue" else None, max_keepalive_connections=100)
