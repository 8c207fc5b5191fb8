"""What ``scripts/deploy`` prints: the plan, the requests, and how to go on."""

import json
from collections.abc import Sequence
from typing import Any

from deployment.apply import Deployed
from deployment.catalogue import Pool
from deployment.desired import Desired
from deployment.plan import Plan, Planner
from voices.stores.targets import DATA_CENTRES, volume_server_url

_SIGNS = {"create": "+", "update": "~", "unchanged": "="}


def plan_lines(plan: Plan) -> list[str]:
    """Write the plan, a line each step and each change."""
    lines = []
    for step in plan.steps:
        known_as = f" ({step.found.id})" if step.found else ""
        lines.append(f"{_SIGNS[step.action]} {step}{known_as}: {step.action}")
        lines += [f"    {change}" for change in step.changes]
    return lines


def request_lines(plan: Plan, planner: Planner, url: str) -> list[str]:
    """Write the requests that carry the plan out, with secrets hidden."""
    lines = []
    for step in plan.steps:
        if step.request is not None:
            lines.append(f"{step.request.method} {url}{step.request.path}")
            lines.append(json.dumps(planner.shown(step.request), indent=2))
    return lines


def pool_lines(pools: Sequence[Pool], desired: Desired) -> list[str]:
    """Write what the GPUs have and cost, as RunPod's catalogue says now."""
    where = ", ".join(desired.data_centres) or "any data centre"
    lines = [f"GPUs in {where}, by RunPod's catalogue now:"]
    for pool in pools:
        memory = "/".join(map(str, pool.memory_gb))
        price = "no price" if pool.dollars_an_hour is None else f"${pool.dollars_an_hour:.2f} an hour"
        lines.append(f"    {pool.id}: {memory} GB, {price}, stock {pool.stock} ({', '.join(pool.cards)})")
    prices = [pool.dollars_an_hour * desired.gpu.count for pool in pools if pool.dollars_an_hour is not None]
    if prices:
        least, most = desired.workers.min * min(prices), desired.workers.max * max(prices)
        lines.append(f"    the workers altogether: ${least:.2f} to ${most:.2f} an hour")
    return lines


def warnings(desired: Desired) -> list[str]:
    """Tell what the file leads to that its writer may not want."""
    told = []
    if desired.volume:
        told += [
            f"{place}: as far as is known here its volumes have no S3 API, by which `voices add` reaches them"
            for place in desired.data_centres
            if place not in DATA_CENTRES
        ]
        if len(desired.data_centres) > 1:
            told.append("volumes are not copied between data centres: give every `voices add` all of them")
    if "YOUR_NAME" in desired.image:
        told.append("image: put your own in the place of the example")
    if desired.workers.max == 0:
        told.append("workers.max is 0: no request will ever be answered")
    return told


def next_lines(desired: Desired, deployed: Deployed) -> list[str]:
    """Write how to go on: the endpoint's URL, the environment of ``voices``, and two commands."""
    endpoint = deployed.endpoint
    lines = [f"The endpoint {endpoint.name} is {endpoint.id}: {endpoint.url}"]
    lines += [
        f"RunPod has {change.field} otherwise than it was told: {change.before or '(not set)'}"
        for change in deployed.unlike
    ]
    if desired.model:
        lines.append(
            "By hand, because API v2 has no field for it: "
            f"console, Manage, Edit Endpoint, Model: {desired.model}"
        )
    targets = voices_targets(deployed)
    if targets:
        lines += [
            "",
            "export RUNPOD_S3_ACCESS_KEY_ID=user_... RUNPOD_S3_SECRET_ACCESS_KEY=rps_...",
            f'export VOICES_TARGETS="{" ".join(targets)}"',
            *(
                f"# {place}: bucket {volume} at {volume_server_url(place)}"
                for place, volume in deployed.volume_ids.items()
            ),
        ]
    return [*lines, "", *_commands(desired, deployed, has_volume=bool(targets))]


def voices_targets(deployed: Deployed) -> list[str]:
    """Return where ``voices`` puts voices for the endpoint."""
    return [f"s3://{volume}/voices?datacenter={place}" for place, volume in deployed.volume_ids.items()]


def deployed_json(deployed: Deployed) -> dict[str, Any]:
    """Return what is there now, as JSON."""
    return {
        "endpoint": {
            "id": deployed.endpoint.id,
            "name": deployed.endpoint.name,
            "url": deployed.endpoint.url,
        },
        "volumes": [
            {"id": volume, "data_centre": place, "s3_endpoint": volume_server_url(place), "bucket": volume}
            for place, volume in deployed.volume_ids.items()
        ],
        "voices_targets": voices_targets(deployed),
        "unlike": [vars(change) for change in deployed.unlike],
    }


def plan_json(plan: Plan, planner: Planner) -> list[dict[str, Any]]:
    """Return the plan as JSON, with secrets hidden."""
    return [
        {
            "resource": str(step),
            "id": step.found.id if step.found else None,
            "action": step.action,
            "changes": [vars(change) for change in step.changes],
            "request": step.request
            and {
                "method": step.request.method,
                "path": step.request.path,
                "body": planner.shown(step.request),
            },
        }
        for step in plan.steps
    ]


def _commands(desired: Desired, deployed: Deployed, *, has_volume: bool) -> list[str]:
    key = '-H "Authorization: Bearer $RUNPOD_API_KEY"'
    url = deployed.endpoint.url
    if desired.type == "load_balancer":
        text = """-d '{"text": "Hello there."}' -o hello.mp3"""
        ask = f"curl --fail-with-body -sSN {url}/tts/generate {key} {text}"
        return (
            ["voices add anna recording.wav --no-precompute", ask]
            if has_volume
            else [f"curl --fail-with-body -sSi {url}/ping {key}", ask]
        )
    ask = f'curl --fail-with-body -sS {url}/run {key} -d \'{{"input": {{"text": "Hello there."}}}}\''
    add = f"voices add anna recording.wav --via {deployed.endpoint.id}"
    return [add, ask] if has_volume else [ask, f"curl --fail-with-body -sS {url}/stream/JOB_ID {key}"]
