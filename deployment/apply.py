"""The carrying out of a plan, one request after the other."""

from collections.abc import Callable
from dataclasses import dataclass

from deployment.answers import Endpoint
from deployment.api import RunpodApi, parse_endpoint, parse_volume
from deployment.differences import Change
from deployment.plan import EndpointStep, Plan, Planner, VolumeStep


@dataclass(frozen=True)
class Deployed:
    """What is there now."""

    endpoint: Endpoint
    volume_ids: dict[str, str]
    """By data centre."""
    unlike: tuple[Change, ...] = ()
    """What RunPod's answer has otherwise than it was told."""


def apply(
    plan: Plan, planner: Planner, api: RunpodApi, say: Callable[[str], None] = lambda _line: None
) -> Deployed:
    """Carry the plan out, telling of each step; raises what the API raises.

    What was done before an error stays: resources are found by name, so that the next run goes on
    from there.
    """
    volume_ids = {step.data_centre: _apply_volume(step, api, say) for step in plan.volumes}
    # Anew, because volumes that were only planned have ids now.
    step = planner.endpoint_step(plan.endpoint.found, volume_ids)
    endpoint = _apply_endpoint(step, api, say)
    return Deployed(endpoint, volume_ids, tuple(planner.remaining(endpoint, volume_ids)))


def _apply_volume(step: VolumeStep, api: RunpodApi, say: Callable[[str], None]) -> str:
    if step.request is None:
        return step.volume_id
    say(f"{step.action} {step} ...")
    return parse_volume(api.send(step.request.method, step.request.path, step.request.body)).id


def _apply_endpoint(step: EndpointStep, api: RunpodApi, say: Callable[[str], None]) -> Endpoint:
    if step.request is None and step.found is not None:
        return step.found
    assert step.request is not None  # noqa: S101 - an endpoint that is not there is created
    say(f"{step.action} {step} ...")
    return parse_endpoint(api.send(step.request.method, step.request.path, step.request.body))
