"""The result of a check."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker.server.settings import ServerSettings
from worker.settings import Settings

GIGABYTE = 1_000_000_000


class Level(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    """Speech works, but with a defect."""
    FAULT = "fault"
    """Speech does not work, or not as configured."""


@dataclass(frozen=True)
class Finding:
    """One fact, and its remedy."""

    level: Level
    what: str
    """Two or three words naming the subject."""
    detail: str
    remedy: str = ""
    """A sentence; empty if nothing needs to be done."""


@dataclass(frozen=True)
class Subject:
    """The object of the checks: the settings in force, and the environment they came from."""

    settings: Settings
    server_settings: ServerSettings
    environ: Mapping[str, str]


def ok(what: str, detail: str) -> Finding:
    """Return a finding without a defect."""
    return Finding(Level.OK, what, detail)


def warning(what: str, detail: str, remedy: str) -> Finding:
    """Return a finding of a defect."""
    return Finding(Level.WARNING, what, detail, remedy)


def fault(what: str, detail: str, remedy: str) -> Finding:
    """Return a finding that prevents speech."""
    return Finding(Level.FAULT, what, detail, remedy)
