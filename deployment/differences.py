"""Differences between the desired and the actual state, field by field, with secrets hidden."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN = "***"

_IN_ANY_ORDER = {"dataCenterIds", "networkVolumes", "ports", "gpu.excludedTypes"}
_UNSET: tuple[object, ...] = (None, "", [])
"""RunPod's three ways to express an unset field."""


@dataclass(frozen=True)
class Change:
    """One field's values in printable form; None where the field is missing."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.field}: {self.before or '(not set)'} -> {self.after or '(removed)'}"

    @property
    def top_level(self) -> str:
        """The top-level field of the request that makes the change."""
        return self.field.partition(".")[0]


def differences(
    wanted: Mapping[str, Any], found: Mapping[str, Any], shown_variables: Collection[str]
) -> list[Change]:
    """Compare an endpoint's body with RunPod's response; hide the values of variables not in `shown`."""
    return [
        Change(field, _shown(field, before, shown_variables), _shown(field, after, shown_variables))
        for field, after, before in _pairs(wanted, found)
        if _comparable(field, before) != _comparable(field, after)
    ]


def masked(body: Mapping[str, Any], shown_variables: Collection[str]) -> dict[str, Any]:
    """Return a request's body with secrets masked, for printing."""
    if "env" not in body:
        return dict(body)
    env = {name: value if name in shown_variables else HIDDEN for name, value in body["env"].items()}
    return {**body, "env": env}


def _pairs(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each field with its desired and its actual value; for tables, each of their fields."""
    for field, value in wanted.items():
        there = found.get(field)
        if not isinstance(value, dict):
            yield field, value, there
            continue
        inner = there if isinstance(there, dict) else {}
        # The environment and the scaler are replaced as a whole, so keys only on RunPod's side are removed.
        names = {**value, **(inner if field in {"env", "scaling"} else {})}
        for name in names:
            yield f"{field}.{name}", value.get(name), inner.get(name)


def _comparable(field: str, value: Any) -> Any:
    if value in _UNSET and not field.startswith("env."):
        return None
    return sorted(value) if field in _IN_ANY_ORDER else value


def _shown(field: str, value: Any, shown_variables: Collection[str]) -> str | None:
    if value is None or (value in _UNSET and not field.startswith("env.")):
        return None
    if field.startswith("env.") and field.removeprefix("env.") not in shown_variables:
        return HIDDEN
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
