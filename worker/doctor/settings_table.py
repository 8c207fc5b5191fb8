"""The settings as a table, for docs/SETTINGS.md, and their values in force."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

BEGIN, END = "<!-- settings -->", "<!-- /settings -->"
"""Markers around the table in a document."""

_MASK = "********"
_KEY_NAMES = re.compile(r"(_key|_key_id|_token|_password|_secret)$")


@dataclass(frozen=True)
class Described:
    """One setting as documented; code stands in double backquotes."""

    variable: str
    default: str
    values: str
    meaning: str


@dataclass(frozen=True)
class InForce:
    """The current value of one setting."""

    variable: str
    value: str | None
    """None if unset; a secret is masked."""
    is_set: bool
    """Whether the environment or an option set it; otherwise it is the default."""


def describe(settings: type[BaseSettings]) -> Iterator[Described]:
    """Yield the documentation of each of the class's fields, in order."""
    properties = settings.model_json_schema()["properties"]
    for name, schema in properties.items():
        kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
        yield Described(
            variable=name.upper(),
            default=schema.get("by_default") or _code(schema.get("default")),
            values=_values(kinds[0]),
            meaning=_naming_variables(schema.get("description", ""), properties),
        )


def in_force(settings: BaseSettings) -> Iterator[InForce]:
    """Yield each setting's value, with secrets masked."""
    for name in type(settings).model_fields:
        value = _shown(name, getattr(settings, name))
        yield InForce(name.upper(), value, name in settings.model_fields_set)


def markdown(worker: type[BaseSettings], server: type[BaseSettings]) -> str:
    """Return the table of both classes, the server's last."""
    rows = ["| variable | default | values | |", "|---|---|---|---|"]
    rows += map(_row, describe(worker))
    rows.append("| **Only `python -m worker serve` reads these:** | | | |")
    rows += map(_row, describe(server))
    return "\n".join(rows)


def replace_table(document: Path, table: str) -> None:
    """Put the table between the document's markers; raises ``ValueError`` if they are missing."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no {BEGIN} and {END}.")
    document.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def _row(setting: Described) -> str:
    cells = (f"``{setting.variable}``", setting.default, setting.values, setting.meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('``', '`') for cell in cells)} |"


def _values(kind: dict[str, Any]) -> str:
    """Return the permitted values, if they are a choice or a range."""
    if kind.get("type") == "boolean":
        return "``true``, ``false``"
    if "enum" in kind:
        return ", ".join(f"``{each}``" for each in kind["enum"])
    least, most, above = kind.get("minimum"), kind.get("maximum"), kind.get("exclusiveMinimum")
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    if least is not None:
        return f"{least:g} or more"
    return f"more than {above:g}" if above is not None else ""


def _code(default: object) -> str:
    if default is None or default in ([], {}):
        return ""
    if isinstance(default, bool):
        return f"``{default}``".lower()
    return f"``{default:g}``" if isinstance(default, float) else f"``{default}``"


def _naming_variables(description: str, names: Container[str]) -> str:
    """Return a docstring on one line, with other settings named as in the environment."""
    words = " ".join(description.split())
    return re.sub(r"``(\w+)``", lambda code: code[0].upper() if code[1] in names else code[0], words)


def _shown(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr) or _KEY_NAMES.search(name):
        return _MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return _without_credentials(str(value))


def _without_credentials(value: str) -> str:
    """Mask the credentials in a URL."""
    if "://" not in value or "@" not in urlsplit(value).netloc:
        return value
    netloc = urlsplit(value).netloc
    return value.replace(netloc, f"{_MASK}@{netloc.rpartition('@')[2]}", 1)
