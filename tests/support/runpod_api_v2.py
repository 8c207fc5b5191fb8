"""A fake of RunPod's API v2, as far as a deployment uses it, with an account in memory.

The conditions that it refuses and the forms of its answers are those of its OpenAPI document, as are the
bodies that it takes (``runpod_api_v2_bodies``).
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from runpod_api_v2_bodies import CreateEndpoint, CreateVolume, UpdateEndpoint, UpdateVolume

KEY = "rpa_TESTKEY"


class Problem(Exception):
    """What RunPod refuses, in its form."""

    def __init__(self, status: int, detail: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"title": "Problem", "status": status, "detail": detail, "errors": list(errors)}


def card(name: str, pool: str | None, memory: int, price: float | None, **stock: str) -> dict[str, Any]:
    """Make a GPU type; ``stock`` by data centre, with '_' for '-'."""
    places = [
        {"id": place.replace("_", "-"), "name": place, "availability": level}
        for place, level in stock.items()
    ]
    return {
        "id": f"NVIDIA {name}",
        "name": name,
        "pool": pool,
        "manufacturer": "NVIDIA",
        "memory": memory,
        "secure": True,
        "community": False,
        "price": {"secure": 1.0, "community": 0.0} | ({"serverless": price} if price else {}),
        "maxCount": {"secure": 8, "community": 0},
        "availability": max([*stock.values()], default="NONE", key=["NONE", "LOW", "MEDIUM", "HIGH"].index),
        **({"dataCenters": places} if places else {}),
    }


class Account:
    """One account, and what RunPod offers it."""

    def __init__(self) -> None:
        self.endpoints: list[dict[str, Any]] = []
        self.volumes: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str, dict[str, Any]]] = []
        """Every request that was to change something: method, path, body."""
        self.most_workers = 5
        self.keeps: dict[str, Any] = {}
        """What stays as it is, whatever is asked for."""
        self.gpus = [
            card("L4", "AMPERE_24", 24, 0.69, EU_RO_1="HIGH", US_KS_2="LOW"),
            card("RTX A5000", "AMPERE_24", 24, 0.69, EU_RO_1="LOW"),
            card("GeForce RTX 4090", "ADA_24", 24, 1.1, US_KS_2="HIGH"),
            card("RTX A4000", "AMPERE_16", 16, 0.58),
            card("GeForce RTX 3070", None, 8, None),
        ]
        self.places = [
            {
                "id": place,
                "name": place,
                "region": "EUROPE",
                "globalNetwork": True,
                "compliance": [],
                "networkVolumeTypes": tiers,
            }
            for place, tiers in (("EU-RO-1", ["STANDARD"]), ("US-KS-2", ["STANDARD"]), ("AP-JP-1", []))
        ]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:  # noqa: PLR0911 - a route each
        """Do what is asked; raises ``Problem``."""
        resource = path.removeprefix("/v2/")
        if method != "GET":
            self.writes.append((method, path, body))
        match method, *resource.split("/"):
            case "GET", "catalog", "gpus":
                return 200, {"gpus": self.gpus}
            case "GET", "catalog", "datacenters":
                return 200, {"dataCenters": self.places}
            case "GET", "network-volumes":
                return 200, {"networkVolumes": self.volumes}
            case "GET", "serverless":
                return 200, {"endpoints": self.endpoints}
            case "POST", "network-volumes":
                return 201, self._create_volume(_parsed(CreateVolume, body))
            case "PATCH", "network-volumes", volume_id:
                return 200, self._update_volume(_found(self.volumes, volume_id), _parsed(UpdateVolume, body))
            case "POST", "serverless":
                return 201, self._create_endpoint(_parsed(CreateEndpoint, body))
            case "PATCH", "serverless", endpoint_id:
                return 200, self._update_endpoint(
                    _found(self.endpoints, endpoint_id), _parsed(UpdateEndpoint, body)
                )
        raise Problem(404, "resource not found")

    def _create_volume(self, body: CreateVolume) -> dict[str, Any]:
        if body.dataCenter not in {place["id"] for place in self.places if place["networkVolumeTypes"]}:
            raise Problem(400, "data center does not support network volumes")
        volume = {"id": f"vol{len(self.volumes)}", **body.model_dump()}
        self.volumes.append(volume)
        return volume

    def _update_volume(self, volume: dict[str, Any], body: UpdateVolume) -> dict[str, Any]:
        if body.size is not None and body.size < volume["size"]:
            raise Problem(400, "size must be greater than or equal to the current size")
        volume.update(body.model_dump(exclude_unset=True))
        return volume

    def _create_endpoint(self, body: CreateEndpoint) -> dict[str, Any]:
        defaults = {
            "args": "",
            "disk": 20,
            "env": {},
            "ports": [],
            "registry": None,
            "dataCenterIds": [],
            "flashboot": "OFF",
            "networkVolumes": [],
            "timeout": 300_000,
        }
        endpoint_id = f"ep{len(self.endpoints)}"
        endpoint = {
            "id": endpoint_id,
            "createdAt": "2026-11-21T00:00:00Z",
            **defaults,
            **{key: value for key, value in body.model_dump(exclude_unset=True).items() if key != "gpu"},
            "workers": {"min": 0, "max": 3, **_set(body.workers)},
            "requestUrls": _urls(endpoint_id, body.type),
            "gpu": {"count": 1, "allowedCudaVersions": [], "minCudaVersion": None, **_set(body.gpu)},
        }
        self._check(endpoint, _set(body.workers))
        self.endpoints.append(endpoint)
        return endpoint

    def _update_endpoint(self, endpoint: dict[str, Any], body: UpdateEndpoint) -> dict[str, Any]:
        changed = body.model_dump(exclude_unset=True)
        gpu = {**endpoint["gpu"], **_set(body.gpu)}
        if body.gpu is not None and body.gpu.pools is not None:
            gpu["excludedTypes"] = body.gpu.excludedTypes  # a selection is replaced as a whole
        gpu["minCudaVersion"] = gpu["minCudaVersion"] or None
        after = {**endpoint, **changed, "gpu": gpu, "workers": {**endpoint["workers"], **_set(body.workers)}}
        self._check(after, _set(body.workers))
        endpoint.update(after | self.keeps)
        return endpoint

    def _check(self, endpoint: dict[str, Any], workers: dict[str, Any]) -> None:
        gpu = endpoint["gpu"]
        by_count = endpoint["type"] == "QUEUE" and endpoint["scaling"]["type"] == "REQUEST_COUNT"
        if by_count and "idleTimeout" in workers:
            raise Problem(400, "workers.idleTimeout is not applicable to request-count queues")
        if not by_count:
            endpoint["workers"].setdefault("idleTimeout", 10)
        else:
            endpoint["workers"].pop("idleTimeout", None)
        if gpu["allowedCudaVersions"] and gpu["minCudaVersion"]:
            raise Problem(400, "allowedCudaVersions and minCudaVersion are mutually exclusive")
        for pool in gpu["pools"]:
            if pool not in {each["pool"] for each in self.gpus}:
                raise Problem(400, f"unknown gpu pool {pool}")
        cards = {each["id"] for each in self.gpus if each["pool"] in gpu["pools"]}
        if not set(gpu.get("excludedTypes", [])) <= cards:
            raise Problem(400, "excludedTypes: not in one of the pools")
        volumes = [_found(self.volumes, each) for each in endpoint["networkVolumes"]]
        if len({volume["dataCenter"] for volume in volumes}) < len(volumes):
            raise Problem(400, "one network volume per data center")
        if endpoint["workers"]["max"] > self.most_workers:
            raise Problem(400, f"max workers exceeds your worker quota of {self.most_workers}")


def _set(body: BaseModel | None) -> dict[str, Any]:
    return {} if body is None else body.model_dump(exclude_unset=True)


def _urls(endpoint_id: str, kind: str) -> dict[str, str]:
    if kind == "LOAD_BALANCER":
        base = f"https://{endpoint_id}.api.runpod.ai"
        return {"base": base, "health": f"{base}/ping"}
    base = f"https://api.runpod.ai/v2/{endpoint_id}"
    routes = {name: f"{base}/{name}" for name in ("run", "cancel", "retry", "health")}
    return {**routes, "runSync": f"{base}/runsync", "status": f"{base}/status/{{job_id}}",
            "stream": f"{base}/stream/{{job_id}}", "purgeQueue": f"{base}/purge-queue"}  # fmt: skip


def _parsed(form: type[Any], body: Any) -> Any:
    try:
        return form.model_validate(body)
    except ValidationError as error:
        said = [f"$.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise Problem(422, "Request validation failed.", tuple(said)) from None


def _found(resources: list[dict[str, Any]], resource_id: str) -> dict[str, Any]:
    for resource in resources:
        if resource["id"] == resource_id:
            return resource
    raise Problem(404, "resource not found")


class ApiV2:
    """The server, from its making until the end of its context."""

    def __init__(self) -> None:
        self.account = Account()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.account = self.account
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    account: Account


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = re.sub(r"/$", "", urlsplit(self.path).path)
        try:
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                raise Problem(401, "missing bearer token")  # noqa: TRY301
            status, answer = self.server.account.answer(self.command, path, json.loads(body or "null"))
        except Problem as problem:
            status, answer = problem.status, problem.body
        content = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815
