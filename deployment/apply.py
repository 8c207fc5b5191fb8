"""Carries out a plan, one request after the other."""

from collections.abc import Callable
from dataclasses import dataclass

from deployment.api import RunpodApi, parse_endpoint, parse_volume
from deployment.differences import Change
from deployment.plan import EndpointStep, Plan, Planner, VolumeStep
from deployment.resources import ServerlessEndpoint


@dataclass(frozen=True)
class Deployed:
    """The deployed resources."""

    endpoint: ServerlessEndpoint
    volume_ids: dict[str, str]
    """Keyed by data centre."""
    unlike: tuple[Change, ...] = ()
    """Differences between the request and RunPod's response."""


def apply(
    plan: Plan, planner: Planner, api: RunpodApi, say: Callable[[str], None] = lambda _line: None
) -> Deployed:
    """Carry out the plan, calling `note` for each step; raises the API's errors.

    Steps before an error stay in place: resources are found by name, so the next run continues from there.
    """
    volume_ids = {step.data_centre: _apply_volume(step, api, say) for step in plan.volumes}
    # Planned again, because new volumes have ids now.
    step = planner.endpoint_step(plan.endpoint.found, volume_ids)
    endpoint = _apply_endpoint(step, api, say)
    return Deployed(endpoint, volume_ids, tuple(planner.remaining(endpoint, volume_ids)))


def _apply_volume(step: VolumeStep, api: RunpodApi, say: Callable[[str], None]) -> str:
    if step.request is None:
        return step.volume_id
    say(f"{step.action} {step} ...")
    return parse_volume(api.send(step.request.method, step.request.path, step.request.body)).id


def _apply_endpoint(step: EndpointStep, api: RunpodApi, say: Callable[[str], None]) -> ServerlessEndpoint:
    if step.request is None and step.found is not None:
        return step.found
    assert step.request is not None  # noqa: S101 - a missing endpoint is created
    say(f"{step.action} {step} ...")
    return parse_endpoint(api.send(step.request.method, step.request.path, step.request.body))
