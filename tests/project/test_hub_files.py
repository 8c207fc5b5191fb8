"""What RunPod's Hub and its SDK read, held against RunPod's publishing guide (August 2026) and our worker."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from worker.request import parse_request
from worker.settings import Settings

ROOT = Path(__file__).parents[2]
# Of RunPod's GPU pools; API v2's catalogue lists them for an account.
POOLS = {
    "AMPERE_16", "AMPERE_24", "ADA_24", "AMPERE_48", "ADA_48_PRO", "AMPERE_80", "ADA_80_PRO", "HOPPER_141",
}  # fmt: skip
NOT_OURS = {"HF_TOKEN"}


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Option(_Object):
    label: str
    value: str


class Input(_Object):
    name: str
    type: Literal["string", "number", "boolean", "huggingface"]
    description: str
    default: str | int | float | bool
    options: list[Option] | None = None
    min: float | None = None
    max: float | None = None
    trueValue: str | None = None  # noqa: N815 - RunPod's names
    falseValue: str | None = None  # noqa: N815
    required: bool | None = None
    advanced: bool | None = None


class Fixed(_Object):
    key: str
    value: str


class Asked(_Object):
    key: str
    input: Input


class Preset(_Object):
    name: str
    defaults: dict[str, str | int | float | bool]


class HubConfig(_Object):
    runsOn: Literal["GPU", "CPU"]  # noqa: N815
    containerDiskInGb: int  # noqa: N815
    gpuCount: int  # noqa: N815
    gpuIds: str  # noqa: N815
    endpointType: Literal["LB"] | None = None  # noqa: N815
    cpuFlavor: str | None = None  # noqa: N815
    allowedCudaVersions: list[Annotated[str, Field(pattern=r"^\d+\.\d+$")]]  # noqa: N815
    presets: list[Preset]
    env: list[Fixed | Asked]


class Hub(_Object):
    title: str
    description: str
    type: Literal["serverless"]
    category: Literal["audio", "embedding", "language", "video", "image"]
    iconUrl: str | None = None  # noqa: N815
    config: HubConfig


class Case(_Object):
    name: str
    input: dict[str, Any]
    timeout: int
    """Milliseconds."""


class TestConfig(_Object):
    __test__ = False

    gpuTypeId: str  # noqa: N815
    gpuCount: int  # noqa: N815
    cpuFlavor: str | None = None  # noqa: N815
    env: list[Fixed]
    allowedCudaVersions: list[str]  # noqa: N815


class Tests(_Object):
    __test__ = False

    tests: list[Case]
    config: TestConfig


@pytest.fixture
def hub() -> Hub:
    """The listing."""
    return Hub.model_validate_json((ROOT / ".runpod/hub.json").read_text())


@pytest.fixture
def cases() -> Tests:
    """The Hub's tests."""
    return Tests.model_validate_json((ROOT / ".runpod/tests.json").read_text())


def test_the_listing_names_pools_that_runpod_has(hub):
    wanted = [each for each in hub.config.gpuIds.split(",") if not each.startswith("-")]
    assert set(wanted) <= POOLS
    deployed = tomllib.loads((ROOT / "deploy.toml").read_text())["gpu"]
    assert wanted == deployed["pools"]
    assert deployed["min_cuda"] == min(hub.config.allowedCudaVersions, key=_version)


def _version(text: str) -> tuple[int, ...]:
    """Return what 12.11 is more of than 12.8."""
    return tuple(int(part) for part in text.split("."))


def test_the_listing_asks_for_settings_that_the_worker_has(hub):
    keys = {each.key for each in hub.config.env}
    assert keys - NOT_OURS <= {name.upper() for name in Settings.model_fields}
    assert all(set(preset.defaults) <= keys for preset in hub.config.presets)


def test_what_the_listing_offers_is_what_the_worker_takes(hub, monkeypatch):
    for each in hub.config.env:
        values = [each.value] if isinstance(each, Fixed) else _offered(each.input)
        for value in values:
            monkeypatch.setenv(each.key, value)
            Settings()
        monkeypatch.delenv(each.key)


def _offered(asked: Input) -> list[str]:
    """Return the default, and what else may be chosen, as an environment has it."""
    if asked.type == "boolean":
        return [asked.trueValue or "true", asked.falseValue or "false"]
    if asked.options:
        assert asked.default in {option.value for option in asked.options}
        return [option.value for option in asked.options]
    bounds = [each for each in (asked.min, asked.max) if each is not None]
    return [str(int(each) if isinstance(each, float) else each) for each in (asked.default, *bounds)]


def test_the_defaults_are_the_worker_s_own(hub, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    usual = Settings()
    for each in hub.config.env:
        if isinstance(each, Asked) and each.key not in NOT_OURS:
            worth = getattr(usual, each.key.lower())
            assert type(worth)(TypeAdapter(type(worth)).validate_python(each.input.default)) == worth


def test_the_hub_s_tests_are_jobs_that_the_worker_takes(cases):
    assert len({case.name for case in cases.tests}) == len(cases.tests)
    for case in cases.tests:
        parse_request(case.input, max_text_characters=5_000)


def test_the_example_input_is_a_job_that_the_worker_takes():
    job = json.loads((ROOT / "test_input.json").read_text())
    assert set(job) == {"input"}
    parse_request(job["input"], max_text_characters=5_000)


def test_the_hub_finds_its_handler_and_it_is_the_worker():
    """It says where it looked for a queue, as the worker does."""
    done = subprocess.run(
        [sys.executable, ".runpod/handler.py"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "There is no RunPod queue here." in done.stderr
    assert all((ROOT / name).is_file() for name in ("Dockerfile", "README.md"))
