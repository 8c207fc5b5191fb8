"""A release: the version's notes, and the workflow that publishes it."""

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def release_notes(version: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run what the workflow runs."""
    return subprocess.run(
        [folder / ".ci/release-notes", version], capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two versions, the later one its own."""
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci/release-notes"
    script.write_bytes((ROOT / ".ci/release-notes").read_bytes())
    script.chmod(0o755)
    (tmp_path / "pyproject.toml").write_text('version = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changes\n\n## [Unreleased]\n\n- not yet\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- two\n\n"
        "## [0.1.0] - 2026-11-21\n\n- one\n\n[0.2.0]: https://example.com\n"
    )
    return tmp_path


def test_this_version_has_notes():
    done = release_notes(VERSION)
    assert done.returncode == 0, done.stderr
    assert "### Added" in done.stdout


def test_a_release_gets_its_own_notes_alone(project):
    assert release_notes("0.2.0", project).stdout.strip() == "### Added\n\n- two"


def test_a_tag_that_is_not_the_version_is_refused(project):
    done = release_notes("0.1.0", project)
    assert (done.returncode, done.stderr) == (1, "pyproject.toml does not have version 0.1.0\n")


def test_a_version_without_notes_is_refused(project):
    (project / "CHANGELOG.md").write_text("# Changes\n\n## [0.2.0]\n\n")
    done = release_notes("0.2.0", project)
    assert (done.returncode, done.stderr) == (1, "CHANGELOG.md has no notes for 0.2.0\n")


def test_the_workflow_checks_before_it_builds_and_builds_before_it_publishes():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    jobs = workflow["jobs"]
    assert (jobs["image"]["needs"], jobs["release"]["needs"]) == ("check", "image")
    assert "./.ci/run" in [step.get("run") for step in jobs["check"]["steps"]]
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step.get("name") or step.get("uses") for step in jobs["image"]["steps"]]
    assert steps.index("./.github/actions/image") < steps.index("Tag it")  # it has spoken there
