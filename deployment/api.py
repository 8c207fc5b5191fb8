"""RunPod's API v2: one method per call; a response is returned as a type, or raised as a ``DeployError``.

The paths, fields and statuses are those of api-reference-v2/openapi.json in RunPod's documentation (August
2026). They have not been tested against hosted RunPod.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from chatterpod.api import FIRST_SERVER_ERROR, NEVER_SENT, RATE_LIMITED, checked_key, jitter, json_or_none
from deployment.errors import (
    AccessDenied,
    ApiUnreachable,
    DeployError,
    NoCapacity,
    NotAuthorised,
    OutcomeUnknown,
    QuotaReached,
    RateLimited,
    RequestRefused,
    UnexpectedAnswer,
)
from deployment.resources import ApiProblem, DataCentre, GpuType, NetworkVolume, ServerlessEndpoint

API_URL = "https://api.runpod.io"

ATTEMPTS = 4
FIRST_BACKOFF_S = 0.5
LONGEST_WAIT_S = 90.0
"""The rate limit's window of one minute, with a margin."""
REQUEST_TIMEOUT_S = 30.0

# API v2 has no codes for these, so they are recognised by the error text.
_QUOTA = re.compile(r"\bquota|\blimits?\b|\bbalance|\bfunds\b|\bspend", re.IGNORECASE)
_CAPACITY = re.compile(r"capacity|no longer any instances|unavailable|out of stock", re.IGNORECASE)

T = TypeVar("T")


class RunpodApi:
    """API client of one account. A context manager."""

    def __init__(self, key: str, url: str = API_URL, *, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            key = checked_key(key)
        except ValueError:
            raise NotAuthorised("RUNPOD_API_KEY is empty, or contains invalid characters.") from None
        self.url = url.rstrip("/")
        self._sleep = sleep
        # The key is kept only in the HTTP client's headers, whose repr hides it.
        self._http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=REQUEST_TIMEOUT_S
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def gpu_types(self) -> list[GpuType]:
        """Return every GPU type, with its price and its stock for serverless."""
        answer = self.send(
            "GET", "/v2/catalog/gpus", query={"include": "AVAILABILITY", "product": "SERVERLESS"}
        )
        return _read(list[GpuType], answer.get("gpus"))

    def data_centres(self) -> list[DataCentre]:
        """Return every data centre."""
        return _read(list[DataCentre], self.send("GET", "/v2/catalog/datacenters").get("dataCenters"))

    def volumes(self) -> list[NetworkVolume]:
        """Return the account's network volumes."""
        return _read(list[NetworkVolume], self.send("GET", "/v2/network-volumes").get("networkVolumes"))

    def endpoints(self) -> list[ServerlessEndpoint]:
        """Return the account's serverless endpoints."""
        return _read(list[ServerlessEndpoint], self.send("GET", "/v2/serverless").get("endpoints"))

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request and retry it until a response comes.

        A request that creates something is retried only if it was certainly not carried out.
        """
        creates = method == "POST"
        for attempt in range(ATTEMPTS):
            is_last = attempt == ATTEMPTS - 1
            try:
                response = self._http.request(method, path, json=body, params=query)
            except httpx.RequestError as error:
                if creates and not isinstance(error, NEVER_SENT):
                    raise _outcome_unknown(path) from error
                if is_last:
                    raise ApiUnreachable(
                        f"{self.url} did not answer {method} {path} ({type(error).__name__}). "
                        "Nothing was changed; run it again."
                    ) from error
                self._sleep(_backoff_s(attempt))
                continue
            if response.status_code == RATE_LIMITED and not is_last:
                self._wait_as_told(response)
            elif response.status_code >= FIRST_SERVER_ERROR and creates:
                raise _outcome_unknown(path)
            elif response.status_code >= FIRST_SERVER_ERROR and not is_last:
                self._sleep(_backoff_s(attempt))
            else:
                return _body(response, method, path)
        raise AssertionError("the last attempt returns or raises")

    def _wait_as_told(self, response: httpx.Response) -> None:
        told = response.headers.get("Retry-After", "")
        wait_s = float(told) if told.isdigit() else FIRST_BACKOFF_S
        if wait_s > LONGEST_WAIT_S:
            raise RateLimited(f"RunPod asks for a pause of {wait_s:.0f} s; run it again after that.")
        self._sleep(wait_s)


def parse_volume(answer: dict[str, Any]) -> NetworkVolume:
    """Parse a created or changed volume."""
    return _read(NetworkVolume, answer)


def parse_endpoint(answer: dict[str, Any]) -> ServerlessEndpoint:
    """Parse a created or changed endpoint."""
    return _read(ServerlessEndpoint, answer)


def _read(form: type[T], answer: Any) -> T:
    try:
        return TypeAdapter(form).validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnexpectedAnswer(f"RunPod's response does not match API v2: {where}: {first['msg']}.") from None


def _body(response: httpx.Response, method: str, path: str) -> dict[str, Any]:
    answer = json_or_none(response)
    if response.is_success:
        if isinstance(answer, dict):
            return answer
        raise UnexpectedAnswer(f"{method} {path}: HTTP {response.status_code} without a JSON object.")
    problem = ApiProblem.read(answer)
    said = str(problem) if problem else f"HTTP {response.status_code}"
    raise _refusal(response.status_code, said or f"HTTP {response.status_code}", f"{method} {path}")


def _refusal(status: int, said: str, request: str) -> DeployError:  # noqa: PLR0911 - one error each
    if status == 401:  # noqa: PLR2004
        return NotAuthorised(
            f"RunPod does not know this key ({said}): create one in the console under Settings, API Keys, "
            "and export it as RUNPOD_API_KEY."
        )
    if status in {402, 403, 422, 400} and _QUOTA.search(said):
        return QuotaReached(
            f"RunPod refuses {request}: {said}. Lower workers.max, delete unused resources, or raise the "
            "account's balance or limits in the console."
        )
    if status == 403:  # noqa: PLR2004
        return AccessDenied(
            f"The key is not allowed to {request} ({said}): give it read and write access to RunPod's API."
        )
    if status < FIRST_SERVER_ERROR and _CAPACITY.search(said):
        return NoCapacity(f"RunPod refuses {request}: {said}. Add pools to gpu.pools, or data centres.")
    if status == RATE_LIMITED:
        return RateLimited(f"RunPod asks for slower requests: {said}. Run it again in a minute.")
    if status >= FIRST_SERVER_ERROR:
        return ApiUnreachable(f"RunPod failed on {request}: {said}. Run it again later.")
    return RequestRefused(f"RunPod refuses {request}: {said}.")


def _outcome_unknown(path: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"RunPod did not respond to POST {path}, so it may or may not have been carried out. "
        "Run it again: existing resources are found by name and not created twice."
    )


def _backoff_s(attempt: int) -> float:
    return FIRST_BACKOFF_S * float(2**attempt) * jitter(0.5, 1.0)
