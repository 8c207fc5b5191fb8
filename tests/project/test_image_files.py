"""The image's files: what Docker, Compose and the workflows read, held against the worker."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.engine.checkpoint import IMAGE_MODEL
from worker.server.settings import ServerSettings
from worker.settings import Settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETTINGS = {name.upper() for kind in (Settings, ServerSettings) for name in kind.model_fields}
# Read by Python, by the C library, by the libraries: not ours to describe.
OTHERS_VARIABLES = {"PATH", "HOME", "NUMBA_CACHE_DIR", "MALLOC_ARENA_MAX", "PYTHONUNBUFFERED", "HF_TOKEN"}
SECRET_NAME = re.compile(r"(TOKEN|KEY|SECRET|PASSWORD)", re.IGNORECASE)
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))


def _instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and their arguments, each on one line."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line]


def _stages() -> dict[str, list[tuple[str, str]]]:
    """Return each stage's instructions by its name; the image itself is ``final``."""
    stages: dict[str, list[tuple[str, str]]] = {"": []}
    for name, argument in _instructions():
        if name == "FROM":
            stages[argument.partition(" AS ")[2] or "final"] = []
        stages[list(stages)[-1]].append((name, argument))
    return stages


def _final(wanted: str) -> list[str]:
    return [argument for name, argument in _stages()["final"] if name == wanted]


def _final_environment() -> dict[str, str]:
    return dict(each.split("=", 1) for argument in _final("ENV") for each in argument.split())


def _steps(file: Path) -> list[dict[str, Any]]:
    """Return the steps of a workflow's jobs, or of an action."""
    content = yaml.safe_load(file.read_text())
    jobs = content.get("jobs", {}).values() if "jobs" in content else [content.get("runs", {})]
    return [step for job in jobs for step in job.get("steps", [])]


class TestDockerfile:
    def test_every_stage_stands_on_the_one_base_that_the_builder_names(self):
        assert _instructions()[0] == ("ARG", "BASE_IMAGE=python:3.11-slim-bookworm")
        bases = [argument.partition(" AS ")[0] for name, argument in _instructions() if name == "FROM"]
        assert set(bases) == {"${BASE_IMAGE}", "uv"}
        assert bases[-1] == "${BASE_IMAGE}"

    def test_it_runs_as_nobody_in_particular(self):
        names = [name for name, _ in _stages()["final"]]
        assert _final("USER") == ["${RUN_AS}"]
        assert int(dict(each.split("=") for each in _final("ARG"))["RUN_AS"]) > 0
        assert names.index("USER") > max(index for index, name in enumerate(names) if name in {"RUN", "COPY"})

    def test_no_secret_is_an_argument_or_stays_in_the_environment(self):
        for name, argument in _instructions():
            if name in {"ARG", "ENV"}:
                names = [each.partition("=")[0] for each in argument.split()]
                assert not [each for each in names if SECRET_NAME.search(each)]
            elif "HF_TOKEN" in argument:
                assert argument.startswith("--mount=type=secret,id=HF_TOKEN ")

    def test_its_first_process_is_the_worker_itself(self):
        """A shell in between would keep SIGTERM to itself."""
        assert [json.loads(command) for command in _final("CMD")] == [["python", "-m", "worker"]]
        assert _final("ENTRYPOINT") == []
        assert _final("STOPSIGNAL") == ["SIGTERM"]
        assert _final("ENV")
        assert _final_environment()["MODE"] == "queue"

    def test_its_health_check_is_ours_and_needs_nothing_installed(self):
        (check,) = _final("HEALTHCHECK")
        command = json.loads(check.partition(" CMD ")[2])
        assert command == ["python", "-m", "worker.health_check"]
        assert _final_environment()["HEARTBEAT_FILE"].startswith("/tmp/")  # where anybody may write

    def test_its_environment_is_settings_that_the_worker_has(self, monkeypatch):
        environment = _final_environment()
        assert set(environment) - OTHERS_VARIABLES <= SETTINGS
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert Settings().engine == "chatterbox-turbo"  # by name: never preview unseen
        assert (ServerSettings().listen_host, ServerSettings().port) == ("0.0.0.0", 8000)
        assert _final("EXPOSE") == ["8000"]
        assert ServerSettings().port >= 1024  # below, its user may not listen everywhere

    def test_what_is_installed_is_what_the_lock_says(self):
        for name, argument in _instructions():
            for install in re.findall(r"pip install (?:(?! && ).)*", argument if name == "RUN" else ""):
                assert "--require-hashes" in install or "constraint requirements.txt" in install

    def test_nothing_is_made_in_the_image_itself(self):
        (made,) = _final("RUN")
        assert not re.search(r"\b(apt|pip|uv|gcc|curl|wget)\b", made)

    def test_our_packages_are_all_there_and_nothing_else_of_ours(self):
        packages = {name.partition(".")[0] for name in PROJECT["tool"]["setuptools"]["packages"]}
        copied = [argument.split() for name, argument in _stages()["application"] if name == "COPY"]
        assert {
            source for *sources, _ in copied for source in sources if (ROOT / source).is_dir()
        } == packages

    def test_the_ignore_file_lets_in_what_is_copied_and_keeps_the_rest_out(self):
        refused, *rest = (ROOT / ".dockerignore").read_text().splitlines()
        assert refused == "*"
        admitted = {line[1:] for line in rest if line.startswith("!")}
        copied = {
            source
            for name, argument in _instructions()
            if name == "COPY" and "--from" not in argument
            for source in argument.split()[:-1]
        }
        assert copied == admitted
        assert all((ROOT / source).exists() for source in copied)
        assert "**/__pycache__" in rest[len(admitted) :]

    def test_baked_weights_lie_where_the_worker_looks(self):
        assert f"--from=weights {IMAGE_MODEL} {IMAGE_MODEL}" in _final("COPY")

    def test_it_is_labelled(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', _final("LABEL")[0]))
        assert labels["licenses"] == PROJECT["project"]["license"]
        assert {"title", "description", "version", "revision", "source"} <= set(labels)


# Of the Compose specification, as far as we use it; Compose refuses any other key.
SERVICE_KEYS = {
    "image", "build", "profiles", "environment", "volumes", "ports", "command", "restart", "deploy",
    "stop_grace_period", "read_only", "tmpfs", "cap_drop", "security_opt",
}  # fmt: skip


class TestCompose:
    @pytest.fixture
    def compose(self):
        return yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    def test_it_has_only_keys_of_the_specification(self, compose):
        assert {key for key in compose if not key.startswith("x-")} == {"services", "volumes"}
        for service in compose["services"].values():
            assert set(service) <= SERVICE_KEYS
            assert set(service["build"]) <= {"context", "args"}

    def test_there_is_one_way_for_each_profile(self, compose):
        assert {name: service["profiles"] for name, service in compose["services"].items()} == {
            "cpu": ["cpu"],
            "gpu": ["gpu"],
            "queue": ["queue"],
        }

    def test_services_say_what_the_worker_reads(self, compose, monkeypatch):
        for service in compose["services"].values():
            environment = service["environment"]
            assert set(environment) - OTHERS_VARIABLES <= SETTINGS
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                assert Settings().mode == ("queue" if service["profiles"] == ["queue"] else "serve")

    def test_the_voices_of_this_folder_are_seen(self, compose):
        for service in compose["services"].values():
            mounted = dict(each.split(":") for each in service["volumes"])
            assert mounted["./data/voices"] == service["environment"]["VOICES_DIR"]

    def test_recordings_reach_neither_the_repository_nor_an_image(self, compose):
        for service in compose["services"].values():
            for source in (each.split(":")[0] for each in service["volumes"]):
                top = source.removeprefix("./").split("/")[0]
                assert not source.startswith("./") or f"/{top}/" in (ROOT / ".gitignore").read_text().split()
                assert f"!{top}" not in (ROOT / ".dockerignore").read_text().split()

    def test_only_this_machine_can_ask(self, compose):
        for service in compose["services"].values():
            assert service["ports"] == ["127.0.0.1:8000:8000"]

    def test_no_site_has_the_name_that_they_answer_to(self, compose):
        for name, service in compose["services"].items():
            allowed = service["environment"].get("ALLOWED_HOSTS") or service["command"][-1]
            assert allowed == name  # among the services; beside it are addresses and localhost

    def test_the_gpu_is_asked_for_and_the_weights_are_kept(self, compose):
        gpu = compose["services"]["gpu"]
        (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
        named = [each.split(":") for each in gpu["volumes"] if not each.startswith(".")]
        assert [name for name, _ in named] == list(compose["volumes"])
        (cache,) = [path for _, path in named]
        assert cache in _final("RUN")[0].split()  # made for its user: Docker takes over whose it is

    def test_services_without_a_gpu_take_the_small_image(self, compose):
        for name in ("cpu", "queue"):
            extras = set(compose["services"][name]["build"]["args"]["EXTRAS"].split())
            assert extras <= set(PROJECT["project"]["optional-dependencies"]) - {"chatterbox"}

    def test_containers_get_the_time_that_the_worker_takes_to_end(self, compose):
        for service in compose["services"].values():
            assert int(service["stop_grace_period"].removesuffix("s")) > Settings().shutdown_grace_s


class TestWorkflows:
    @pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.relative_to(ROOT)))
    def test_actions_are_named_by_commit(self, file):
        used = re.findall(r"uses: (.+)", file.read_text())
        for each in used:
            assert re.fullmatch(r"\./\S+|[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)

    def test_the_same_scripts_run_here_and_there(self):
        for name in ("ci.yml", "release.yml"):
            assert "./.ci/run" in [step.get("run") for step in _steps(ROOT / ".github/workflows" / name)]

    def test_the_image_is_tried_listed_and_scanned_in_this_order(self):
        names = [step.get("name") for step in _steps(ROOT / ".github/actions/image/action.yml")]
        order = ["It speaks", "What is in it", "No critical vulnerability that has a fix"]
        assert [name for name in names if name in order] == order

    def test_the_scan_fails_on_critical_ones_that_can_be_fixed(self):
        (scan,) = [
            step["with"]
            for step in _steps(ROOT / ".github/actions/image/action.yml")
            if "anchore/scan-action" in step.get("uses", "")
        ]
        assert (scan["severity-cutoff"], scan["only-fixed"]) == ("critical", True)
        assert scan.get("fail-build", True)

    def test_an_image_is_built_in_one_way_alone(self):
        for name in ("ci.yml", "release.yml"):
            used = [step.get("uses") for step in _steps(ROOT / ".github/workflows" / name)]
            assert "./.github/actions/image" in used
            assert not [each for each in used if each and "build-push-action" in each]
