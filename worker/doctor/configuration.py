"""The settings: invalid ones, and those in force."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from worker.doctor.finding import Finding, Subject, fault, ok, warning
from worker.doctor.settings_table import in_force
from worker.server.settings import ServerSettings
from worker.settings import Settings, explain_settings

S = TypeVar("S", bound=BaseSettings)


def read_settings(environ: Mapping[str, str]) -> tuple[Subject, list[Finding]]:
    """Return the settings, with defaults for invalid ones, and a fault for each of those."""
    settings, wrong = _readable(Settings)
    server_settings, wrong_here = _readable(ServerSettings)
    return Subject(settings, server_settings, environ), [*wrong, *wrong_here]


def check_settings(subject: Subject) -> Iterator[Finding]:
    """Report the settings that were set, with secrets masked, and unwise ones."""
    both = [*in_force(subject.settings), *in_force(subject.server_settings)]
    said = [f"{each.variable}={each.value}" for each in both if each.is_set]
    yield ok("settings", ", ".join(said) or "all have their defaults")
    server = subject.server_settings
    if subject.settings.mode == "serve" and server.is_open_to_all:
        yield warning(
            "API key",
            f"MODE=serve listens on {server.listen_host} without authentication",
            "Set API_KEY, or LISTEN_HOST=127.0.0.1.",
        )


def _readable(kind: type[S]) -> tuple[S, list[Finding]]:
    try:
        return kind(), []
    except ValidationError as error:
        names = {str(each["loc"][0]) for each in error.errors()}
        defaults = {name: kind.model_fields[name].get_default(call_default_factory=True) for name in names}
        faults = [
            fault("settings", line, "Correct it: `python -m worker settings --markdown` lists the settings.")
            for line in explain_settings(error).splitlines()
        ]
        return kind(**defaults), faults
