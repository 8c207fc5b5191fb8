"""What a check finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker.server.settings import ServerSettings
from worker.settings import Settings

GIGABYTE = 1_000_000_000


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It speaks, but not as it should."""
    FAULT = "fault"
    """It cannot speak, or not as it was told to."""


@dataclass(frozen=True)
class Finding:
    """One fact, and what to do about it."""

    level: Level
    what: str
    """Two or three words: what was looked at."""
    detail: str
    remedy: str = ""
    """A sentence; empty where nothing has to be done."""


@dataclass(frozen=True)
class Subject:
    """What is examined: the settings in force, and the environment that they came from."""

    settings: Settings
    server_settings: ServerSettings
    environ: Mapping[str, str]


def ok(what: str, detail: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(Level.OK, what, detail)


def warning(what: str, detail: str, remedy: str) -> Finding:
    """Return a finding that harms."""
    return Finding(Level.WARNING, what, detail, remedy)


def fault(what: str, detail: str, remedy: str) -> Finding:
    """Return a finding that keeps it from speaking."""
    return Finding(Level.FAULT, what, detail, remedy)
