"""The bodies of API v2 requests for a volume and an endpoint."""

from collections.abc import Mapping
from typing import Any

from deployment.desired import Desired, RequestCount, Volume

_FLASHBOOT = {"off": "OFF", "on": "FLASHBOOT", "priority": "PRIORITY_FLASHBOOT"}
_ENDPOINT_TYPE = {"queue": "QUEUE", "load_balancer": "LOAD_BALANCER"}
_MILLISECONDS = 1000


def volume_body(volume: Volume, data_centre: str) -> dict[str, Any]:
    """Return the body that creates a network volume."""
    body: dict[str, Any] = {"name": volume.name, "size": volume.size_gb, "dataCenter": data_centre}
    return body | ({"type": volume.tier.upper()} if volume.tier else {})


def endpoint_body(
    desired: Desired, environment: Mapping[str, str], volume_ids: Mapping[str, str]
) -> dict[str, Any]:
    """Return the complete body of an endpoint; ``volume_ids`` is keyed by data centre."""
    return {
        "name": desired.name,
        "type": _ENDPOINT_TYPE[desired.type],
        "image": desired.image,
        "registry": desired.registry,
        "args": "",  # the image's own command, which depends on MODE
        "disk": desired.container_disk_gb,
        "ports": [f"{environment['PORT']}/http"] if desired.type == "load_balancer" else [],
        "env": dict(environment),
        "gpu": _gpu(desired),
        "workers": _workers(desired),
        "scaling": _scaling(desired),
        "dataCenterIds": list(desired.data_centres),
        "networkVolumes": [volume_ids[each] for each in desired.data_centres if desired.volume],
        "timeout": desired.execution_timeout_s * _MILLISECONDS,
        "flashboot": _FLASHBOOT[desired.flashboot],
    }


def without_unset(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body for creating an endpoint, which must leave unset fields out."""
    gpu = {key: value for key, value in body["gpu"].items() if value not in ("", [])}
    return {key: value for key, value in body.items() if value is not None} | {"gpu": gpu}


def _gpu(desired: Desired) -> dict[str, Any]:
    return {
        "pools": list(desired.gpu.pools),
        "excludedTypes": list(desired.gpu.excluded_types),
        "count": desired.gpu.count,
        # A minimum and a set of versions exclude each other; this package uses the minimum.
        "allowedCudaVersions": [],
        "minCudaVersion": desired.gpu.min_cuda or "",
    }


def _workers(desired: Desired) -> dict[str, int]:
    idle = desired.workers.idle_timeout_s
    counts = {"min": desired.workers.min, "max": desired.workers.max}
    return counts | ({} if idle is None else {"idleTimeout": idle})


def _scaling(desired: Desired) -> dict[str, Any]:
    scaler = desired.scaler
    if isinstance(scaler, RequestCount):
        return {"type": "REQUEST_COUNT", "requestCount": scaler.value}
    return {"type": "QUEUE_DELAY", "queueDelay": scaler.value}
