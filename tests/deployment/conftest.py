"""An account of RunPod's on this machine, a file that says what is wanted, and the command."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from runpod_api_v2 import KEY, Account, ApiV2
from typer.testing import CliRunner

from deployment.app import app
from deployment.desired import Desired

WANTED: dict[str, Any] = {
    "name": "chatterpod",
    "image": "ghcr.io/someone/chatterpod:0.1.0",
    "data_centres": ["EU-RO-1"],
    "gpu": {"pools": ["AMPERE_24", "ADA_24"], "min_cuda": "12.8"},
    "workers": {"min": 0, "max": 3, "idle_timeout_s": 60},
    "scaler": {"type": "queue_delay", "value": 1},
    "volume": {"name": "chatterpod-voices"},
    "env": {"MAX_CONCURRENCY": "8"},
}


@pytest.fixture
def api_v2() -> Iterator[ApiV2]:
    """Serve an empty account."""
    with ApiV2() as server:
        yield server


@pytest.fixture
def account(api_v2: ApiV2) -> Account:
    """The account itself."""
    return api_v2.account


@pytest.fixture
def wanted() -> Callable[..., Desired]:
    """Make a wish, with some of it otherwise."""
    return lambda **other: Desired.model_validate_json(json.dumps({**WANTED, **other}))


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def deploy(api_v2: ApiV2, tmp_path: Path) -> Callable[..., Ran]:
    """Run the command on a file with the given changes."""

    def run(
        *options: str,
        key: str = KEY,
        url: str = api_v2.url,
        variables: dict[str, str] | None = None,
        **other: Any,
    ) -> Ran:
        file = tmp_path / "deploy.toml"
        file.write_text(_toml({**WANTED, **other}))
        environment = {"RUNPOD_API_URL": url, "RUNPOD_API_KEY": key, **(variables or {})}
        done = CliRunner().invoke(app, [str(file), *options], env=environment)
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run


def _toml(tables: dict[str, Any]) -> str:
    """Write values, then tables: JSON's strings, numbers and arrays are TOML's."""
    top = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            top += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(top) + "\n"
