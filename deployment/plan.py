"""Computes the steps, resource by resource, that make the account match the file."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from deployment.bodies import endpoint_body, volume_body, without_unset
from deployment.desired import Desired, Volume
from deployment.differences import Change, differences, masked
from deployment.errors import Ambiguous, CannotChange
from deployment.resources import NetworkVolume, ServerlessEndpoint

Found = TypeVar("Found", NetworkVolume, ServerlessEndpoint)
Action = Literal["create", "update", "unchanged"]


@dataclass(frozen=True)
class Request:
    """A request that changes something."""

    method: Literal["POST", "PATCH"]
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class VolumeStep:
    """The step for the volume of one data centre."""

    data_centre: str
    name: str
    found: NetworkVolume | None
    request: Request | None
    changes: tuple[Change, ...] = ()

    @property
    def action(self) -> Action:
        """The request's action."""
        return _action(self.request)

    @property
    def volume_id(self) -> str:
        """The volume's id, or a placeholder until it exists."""
        return self.found.id if self.found else f"(the id of {self.name} in {self.data_centre})"

    def __str__(self) -> str:
        return f"network volume {self.name} in {self.data_centre}"


@dataclass(frozen=True)
class EndpointStep:
    """The step for the endpoint."""

    name: str
    found: ServerlessEndpoint | None
    request: Request | None
    changes: tuple[Change, ...] = ()

    @property
    def action(self) -> Action:
        """The request's action."""
        return _action(self.request)

    def __str__(self) -> str:
        return f"endpoint {self.name}"


@dataclass(frozen=True)
class Plan:
    """All steps, in the order of their execution."""

    volumes: tuple[VolumeStep, ...]
    endpoint: EndpointStep

    @property
    def steps(self) -> tuple[VolumeStep | EndpointStep, ...]:
        """The steps."""
        return (*self.volumes, self.endpoint)

    @property
    def changes_anything(self) -> bool:
        """Whether any step changes something."""
        return any(step.request for step in self.steps)


@dataclass(frozen=True)
class Planner:
    """Plans for one file: the desired state and the workers' environment."""

    desired: Desired
    environment: Mapping[str, str]

    @property
    def shown_variables(self) -> Collection[str]:
        """Variables whose values are not secret, because the file contains them."""
        return {*self.desired.implied_environment(), *self.desired.env}

    def plan(self, volumes: Sequence[NetworkVolume], endpoints: Sequence[ServerlessEndpoint]) -> Plan:
        """Compare the account with the desired state.

        Raises ``Ambiguous`` if several resources have the same name, and ``CannotChange`` for a field that
        RunPod cannot change.
        """
        steps = tuple(
            _volume_step(self.desired.volume, place, volumes)
            for place in self.desired.data_centres
            if self.desired.volume
        )
        found = _one(
            [each for each in endpoints if each.name == self.desired.name],
            f"endpoints named {self.desired.name!r}",
        )
        return Plan(steps, self.endpoint_step(found, {step.data_centre: step.volume_id for step in steps}))

    def endpoint_step(self, found: ServerlessEndpoint | None, volume_ids: Mapping[str, str]) -> EndpointStep:
        """Plan the endpoint; its volumes' ids are known."""
        body = endpoint_body(self.desired, self.environment, volume_ids)
        name = self.desired.name
        if found is None:
            return EndpointStep(name, None, Request("POST", "/v2/serverless", without_unset(body)))
        if found.type != body["type"]:
            raise CannotChange(
                f"The endpoint {name!r} ({found.id}) is of type {found.type or 'unknown'}, and RunPod does "
                f"not change it to {body['type']}: choose another name, or delete the endpoint.",
                field="type",
            )
        changes = differences(body, found.settings, self.shown_variables)
        changed = {change.top_level: body[change.top_level] for change in changes}
        request = Request("PATCH", f"/v2/serverless/{found.id}", changed) if changed else None
        return EndpointStep(name, found, request, tuple(changes))

    def remaining(self, endpoint: ServerlessEndpoint, volume_ids: Mapping[str, str]) -> list[Change]:
        """Return the differences that remain in RunPod's response to the request."""
        body = endpoint_body(self.desired, self.environment, volume_ids)
        return differences(body, endpoint.settings, self.shown_variables)

    def shown(self, request: Request) -> dict[str, Any]:
        """Return a request's body with its secrets hidden."""
        return masked(request.body, self.shown_variables)


def _volume_step(volume: Volume, place: str, volumes: Sequence[NetworkVolume]) -> VolumeStep:
    alike = [each for each in volumes if (each.name, each.data_centre) == (volume.name, place)]
    found = _one(alike, f"network volumes named {volume.name!r} in {place}")
    if found is None:
        return VolumeStep(
            place, volume.name, None, Request("POST", "/v2/network-volumes", volume_body(volume, place))
        )
    if volume.tier and found.type != volume.tier.upper():
        raise CannotChange(
            f"{volume.name} in {place} is of tier {found.type}, and RunPod does not change it: "
            f"set tier = {found.type.lower()!r}, or choose another name.",
            field="volume.tier",
        )
    if found.size > volume.size_gb:
        raise CannotChange(
            f"{volume.name} in {place} has {found.size} GB, and RunPod does not shrink volumes: "
            f"set size_gb = {found.size}.",
            field="volume.size_gb",
        )
    if found.size == volume.size_gb:
        return VolumeStep(place, volume.name, found, None)
    change = Change("size", f"{found.size} GB", f"{volume.size_gb} GB")
    request = Request("PATCH", f"/v2/network-volumes/{found.id}", {"size": volume.size_gb})
    return VolumeStep(place, volume.name, found, request, (change,))


def _one(alike: Sequence[Found], what: str) -> Found | None:
    if len(alike) > 1:
        raise Ambiguous(
            f"There are {len(alike)} {what} ({', '.join(each.id for each in alike)}): "
            "rename or delete all but one in the console."
        )
    return alike[0] if alike else None


def _action(request: Request | None) -> Action:
    if request is None:
        return "unchanged"
    return "create" if request.method == "POST" else "update"
