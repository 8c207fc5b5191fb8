"""RunPod's API v2: one method a call, every answer either typed or an error of ours.

The paths, fields and statuses are those of api-reference-v2/openapi.json in RunPod's documentation
(August 2026). Hosted RunPod was never asked from here.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from chatterpod.api import FIRST_SERVER_ERROR, NEVER_SENT, RATE_LIMITED, checked_key, jitter, json_or_none
from deployment.answers import DataCentre, Endpoint, GpuType, NetworkVolume, Problem
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

API_URL = "https://api.runpod.io"

ATTEMPTS = 4
FIRST_BACKOFF_S = 0.5
LONGEST_WAIT_S = 90.0
"""The minute's window of the rate limit, and some more."""
REQUEST_TIMEOUT_S = 30.0

# API v2 has no codes for these: its words are all there is to go by.
_QUOTA = re.compile(r"\bquota|\blimits?\b|\bbalance|\bfunds\b|\bspend", re.IGNORECASE)
_CAPACITY = re.compile(r"capacity|no longer any instances|unavailable|out of stock", re.IGNORECASE)

T = TypeVar("T")


class RunpodApi:
    """One account. A context manager."""

    def __init__(self, key: str, url: str = API_URL, *, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            key = checked_key(key)
        except ValueError:
            raise NotAuthorised("RUNPOD_API_KEY is empty, or has characters that no key has.") from None
        self.url = url.rstrip("/")
        self._sleep = sleep
        # The key lives in the HTTP client's headers alone, whose repr hides it.
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

    def endpoints(self) -> list[Endpoint]:
        """Return the account's serverless endpoints."""
        return _read(list[Endpoint], self.send("GET", "/v2/serverless").get("endpoints"))

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request until there is an answer; what creates is repeated only where it was never done."""
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
                        "Nothing was changed by that; run it again."
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
            raise RateLimited(f"RunPod asks to wait for {wait_s:.0f} s: run it again then.")
        self._sleep(wait_s)


def parse_volume(answer: dict[str, Any]) -> NetworkVolume:
    """Read a volume that was made or changed."""
    return _read(NetworkVolume, answer)


def parse_endpoint(answer: dict[str, Any]) -> Endpoint:
    """Read an endpoint that was made or changed."""
    return _read(Endpoint, answer)


def _read(form: type[T], answer: Any) -> T:
    try:
        return TypeAdapter(form).validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnexpectedAnswer(f"RunPod's answer is not API v2's: {where}: {first['msg']}.") from None


def _body(response: httpx.Response, method: str, path: str) -> dict[str, Any]:
    answer = json_or_none(response)
    if response.is_success:
        if isinstance(answer, dict):
            return answer
        raise UnexpectedAnswer(f"{method} {path}: HTTP {response.status_code} without a JSON object.")
    problem = Problem.read(answer)
    said = str(problem) if problem else f"HTTP {response.status_code}"
    raise _refusal(response.status_code, said or f"HTTP {response.status_code}", f"{method} {path}")


def _refusal(status: int, said: str, request: str) -> DeployError:  # noqa: PLR0911 - an error each
    if status == 401:  # noqa: PLR2004
        return NotAuthorised(
            f"RunPod does not know this key ({said}): make one in the console under Settings, API Keys, "
            "and export it as RUNPOD_API_KEY."
        )
    if status in {402, 403, 422, 400} and _QUOTA.search(said):
        return QuotaReached(
            f"RunPod refuses {request}: {said}. Lower workers.max, delete what is not used, or raise the "
            "account's balance or limits in the console."
        )
    if status == 403:  # noqa: PLR2004
        return AccessDenied(
            f"The key may not do {request} ({said}): give it read and write access to RunPod's API."
        )
    if status < FIRST_SERVER_ERROR and _CAPACITY.search(said):
        return NoCapacity(f"RunPod refuses {request}: {said}. Name more pools in gpu.pools, or data centres.")
    if status == RATE_LIMITED:
        return RateLimited(f"RunPod asks for slower requests: {said}. Run it again in a minute.")
    if status >= FIRST_SERVER_ERROR:
        return ApiUnreachable(f"RunPod fails at {request}: {said}. Run it again later.")
    return RequestRefused(f"RunPod refuses {request}: {said}.")


def _outcome_unknown(path: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"RunPod's answer to POST {path} never came, so that it may or may not have been done. "
        "Run this again: what is there is found by its name and not made twice."
    )


def _backoff_s(attempt: int) -> float:
    return FIRST_BACKOFF_S * float(2**attempt) * jitter(0.5, 1.0)
