"""The files that other tools read, held against what those tools know."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The keys that runpodctl reads (cmd/project in its sources); it passes over any other without a word.
RUNPODCTL_KEYS = {
    "": {"name", "project", "endpoint", "runtime"},
    "project": {
        "uuid",
        "base_image",
        "gpu_types",
        "gpu_count",
        "volume_mount_path",
        "ports",
        "container_disk_size_gb",
        "env_vars",
    },
    "endpoint": {"active_workers", "max_workers", "flashboot", "idle_timeout", "model_refs"},
    "runtime": {"python_version", "handler_path", "requirements_path"},
}


def test_runpod_toml_has_only_keys_that_runpodctl_reads():
    config = tomllib.loads((ROOT / "runpod.toml").read_text())
    assert set(config) <= RUNPODCTL_KEYS[""]
    for table in ("project", "endpoint", "runtime"):
        assert set(config[table]) <= RUNPODCTL_KEYS[table]
    assert all(isinstance(value, str) for value in config["project"]["env_vars"].values())


def test_runpod_toml_names_files_that_are_there_and_puts_them_on_the_path():
    config = tomllib.loads((ROOT / "runpod.toml").read_text())
    assert (ROOT / config["runtime"]["handler_path"]).is_file()
    assert (ROOT / config["runtime"]["requirements_path"]).is_file()
    project = config["project"]
    deployed = f"{project['volume_mount_path']}/{project['uuid']}/prod/{config['name']}"
    assert deployed in project["env_vars"]["PYTHONPATH"].split(":")


def test_the_lock_has_hashes_and_names_no_host():
    lock = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^[a-z][a-z0-9._-]*==", lock, re.MULTILINE)
    assert len(pins) > 150
    assert lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock


def test_the_lock_has_the_pins_of_the_project():
    lock = (ROOT / "requirements.txt").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    for requirement in [*project["dependencies"], *(each for extra in extras for each in extra)]:
        if requirement.startswith("chatterpod["):  # an extra that another one contains
            continue
        name = re.match(r"[A-Za-z0-9_-]+", requirement).group().lower()
        assert re.search(rf"^{name}==", lock, re.MULTILINE), f"{name} is not in the lock: compile it anew"
        if "==" in requirement:
            assert re.search(rf"^{re.escape(requirement)}( |$)", lock, re.MULTILINE)
