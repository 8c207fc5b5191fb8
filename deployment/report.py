"""Formats the output of ``scripts/deploy``: the plan, the requests, and the next steps."""

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
    """Format the plan, one line for each step and each change."""
    lines = []
    for step in plan.steps:
        known_as = f" ({step.found.id})" if step.found else ""
        lines.append(f"{_SIGNS[step.action]} {step}{known_as}: {step.action}")
        lines += [f"    {change}" for change in step.changes]
    return lines


def request_lines(plan: Plan, planner: Planner, url: str) -> list[str]:
    """Format the requests that carry out the plan, with secrets hidden."""
    lines = []
    for step in plan.steps:
        if step.request is not None:
            lines.append(f"{step.request.method} {url}{step.request.path}")
            lines.append(json.dumps(planner.shown(step.request), indent=2))
    return lines


def pool_lines(pools: Sequence[Pool], desired: Desired) -> list[str]:
    """Format the memory, price and stock of the GPUs, from RunPod's current catalogue."""
    where = ", ".join(desired.data_centres) or "any data centre"
    lines = [f"GPUs in {where}, from RunPod's current catalogue:"]
    for pool in pools:
        memory = "/".join(map(str, pool.memory_gb))
        price = "no price" if pool.dollars_an_hour is None else f"${pool.dollars_an_hour:.2f} per hour"
        lines.append(f"    {pool.id}: {memory} GB, {price}, stock {pool.stock} ({', '.join(pool.cards)})")
    prices = [pool.dollars_an_hour * desired.gpu.count for pool in pools if pool.dollars_an_hour is not None]
    if prices:
        least, most = desired.workers.min * min(prices), desired.workers.max * max(prices)
        lines.append(f"    all workers: ${least:.2f} to ${most:.2f} per hour")
    return lines


def warnings(desired: Desired) -> list[str]:
    """Return warnings about likely mistakes in the file."""
    told = []
    if desired.volume:
        told += [
            f"{place}: its volumes are not known to have an S3 API, which `voices add` needs"
            for place in desired.data_centres
            if place not in DATA_CENTRES
        ]
        if len(desired.data_centres) > 1:
            told.append("volumes are not copied between data centres: pass all of them to every `voices add`")
    if "YOUR_NAME" in desired.image:
        told.append("image: replace the example with your own")
    if desired.workers.max == 0:
        told.append("workers.max is 0: no request will be processed")
    return told


def next_lines(desired: Desired, deployed: Deployed) -> list[str]:
    """Format the next steps: the endpoint's URL, the environment of ``voices``, and two commands."""
    endpoint = deployed.endpoint
    lines = [f"The endpoint {endpoint.name} is {endpoint.id}: {endpoint.url}"]
    lines += [
        f"RunPod did not apply {change.field}: it is {change.before or '(not set)'}"
        for change in deployed.unlike
    ]
    if desired.model:
        lines.append(
            "Set by hand, because API v2 has no field for it: "
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
    """Return the targets of the endpoint's volumes for ``voices``."""
    return [f"s3://{volume}/voices?datacenter={place}" for place, volume in deployed.volume_ids.items()]


def deployed_json(deployed: Deployed) -> dict[str, Any]:
    """Return the deployed resources as JSON."""
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
