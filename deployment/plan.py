"""What would have to be done, resource by resource, to bring the account to what is wanted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from deployment.answers import Endpoint, NetworkVolume
from deployment.bodies import endpoint_body, volume_body, without_unset
from deployment.desired import Desired, Volume
from deployment.differences import Change, differences, masked
from deployment.errors import Ambiguous, CannotChange

Found = TypeVar("Found", NetworkVolume, Endpoint)
Action = Literal["create", "update", "unchanged"]


@dataclass(frozen=True)
class Request:
    """A request that changes something."""

    method: Literal["POST", "PATCH"]
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class VolumeStep:
    """What is to be done about the volume of one data centre."""

    data_centre: str
    name: str
    found: NetworkVolume | None
    request: Request | None
    changes: tuple[Change, ...] = ()

    @property
    def action(self) -> Action:
        """What the request does."""
        return _action(self.request)

    @property
    def volume_id(self) -> str:
        """The volume's id, or what stands for it until there is one."""
        return self.found.id if self.found else f"(the id of {self.name} in {self.data_centre})"

    def __str__(self) -> str:
        return f"network volume {self.name} in {self.data_centre}"


@dataclass(frozen=True)
class EndpointStep:
    """What is to be done about the endpoint."""

    name: str
    found: Endpoint | None
    request: Request | None
    changes: tuple[Change, ...] = ()

    @property
    def action(self) -> Action:
        """What the request does."""
        return _action(self.request)

    def __str__(self) -> str:
        return f"endpoint {self.name}"


@dataclass(frozen=True)
class Plan:
    """Every step, in the order in which they are taken."""

    volumes: tuple[VolumeStep, ...]
    endpoint: EndpointStep

    @property
    def steps(self) -> tuple[VolumeStep | EndpointStep, ...]:
        """The steps."""
        return (*self.volumes, self.endpoint)

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to do."""
        return any(step.request for step in self.steps)


@dataclass(frozen=True)
class Planner:
    """Plans for one file: what is wanted, the workers' environment, and of that what may be shown."""

    desired: Desired
    environment: Mapping[str, str]

    @property
    def shown_variables(self) -> Collection[str]:
        """Variables whose values are no secrets: they stand in the file."""
        return {*self.desired.implied_environment(), *self.desired.env}

    def plan(self, volumes: Sequence[NetworkVolume], endpoints: Sequence[Endpoint]) -> Plan:
        """Compare the account with what is wanted.

        Raises ``Ambiguous`` where a name is not enough to find a resource, and ``CannotChange`` for what
        RunPod does not let be changed.
        """
        steps = tuple(
            _volume_step(self.desired.volume, place, volumes)
            for place in self.desired.data_centres
            if self.desired.volume
        )
        found = _one(
            [each for each in endpoints if each.name == self.desired.name],
            f"endpoints called {self.desired.name!r}",
        )
        return Plan(steps, self.endpoint_step(found, {step.data_centre: step.volume_id for step in steps}))

    def endpoint_step(self, found: Endpoint | None, volume_ids: Mapping[str, str]) -> EndpointStep:
        """Plan the endpoint, its volumes' ids being known."""
        body = endpoint_body(self.desired, self.environment, volume_ids)
        name = self.desired.name
        if found is None:
            return EndpointStep(name, None, Request("POST", "/v2/serverless", without_unset(body)))
        if found.type != body["type"]:
            raise CannotChange(
                f"The endpoint {name!r} ({found.id}) is of type {found.type or 'unknown'}, and RunPod does "
                f"not change that to {body['type']}: choose another name, or delete it in the console.",
                field="type",
            )
        changes = differences(body, found.settings, self.shown_variables)
        changed = {change.top_level: body[change.top_level] for change in changes}
        request = Request("PATCH", f"/v2/serverless/{found.id}", changed) if changed else None
        return EndpointStep(name, found, request, tuple(changes))

    def remaining(self, endpoint: Endpoint, volume_ids: Mapping[str, str]) -> list[Change]:
        """Return what RunPod's answer still has otherwise after it was told."""
        body = endpoint_body(self.desired, self.environment, volume_ids)
        return differences(body, endpoint.settings, self.shown_variables)

    def shown(self, request: Request) -> dict[str, Any]:
        """Return a request's body with its secrets hidden."""
        return masked(request.body, self.shown_variables)


def _volume_step(volume: Volume, place: str, volumes: Sequence[NetworkVolume]) -> VolumeStep:
    alike = [each for each in volumes if (each.name, each.data_centre) == (volume.name, place)]
    found = _one(alike, f"network volumes called {volume.name!r} in {place}")
    if found is None:
        return VolumeStep(
            place, volume.name, None, Request("POST", "/v2/network-volumes", volume_body(volume, place))
        )
    if volume.tier and found.type != volume.tier.upper():
        raise CannotChange(
            f"{volume.name} in {place} is of tier {found.type}, and RunPod does not change that: "
            f"say tier = {found.type.lower()!r}, or choose another name.",
            field="volume.tier",
        )
    if found.size > volume.size_gb:
        raise CannotChange(
            f"{volume.name} in {place} has {found.size} GB, and RunPod does not shrink volumes: "
            f"say size_gb = {found.size}.",
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
