"""The settings' table: the document has the one that the code makes, and no secret is shown."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.doctor.settings_table import BEGIN, END, describe, in_force, markdown, replace_table
from worker.server.settings import ServerSettings
from worker.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "SETTINGS.md"
REGENERATE = "python -m worker settings --markdown --into docs/SETTINGS.md"


def _run(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "worker", "settings", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_document_has_the_table_that_the_code_makes():
    table = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert table == markdown(Settings, ServerSettings), f"run: {REGENERATE}"


@pytest.mark.parametrize("kind", [Settings, ServerSettings])
def test_every_setting_says_what_it_is(kind):
    described = list(describe(kind))
    assert [each.variable for each in described] == [name.upper() for name in kind.model_fields]
    assert not [each.variable for each in described if not each.meaning]


def test_ranges_choices_and_defaults_are_told():
    told = {each.variable: each for each in describe(Settings)}
    assert told["DECODE_SLOTS"].values == "1 to 256"
    assert told["VOICE_CACHE_MB"].values == "1 or more"
    assert told["MAX_RESULT_MB"].values == "more than 0"
    assert told["ENGINE"].values == "``auto``, ``preview``, ``chatterbox-turbo``"
    assert told["WATERMARK"].default == "``true``"
    assert told["VOICES_DIR"].default.startswith("``/voices``")
    assert "``RESULTS_DIR``" in told["MAX_RESULT_MB"].meaning


def test_secrets_are_masked(monkeypatch):
    monkeypatch.setenv("API_KEY", "hunter2")
    monkeypatch.setenv("BUCKET_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("BUCKET_ACCESS_KEY_ID", "hunter2")
    monkeypatch.setenv("BUCKET_ENDPOINT_URL", "https://me:hunter2@s3.example.com/b")
    found = {each.variable: each for each in [*in_force(Settings()), *in_force(ServerSettings())]}
    assert "hunter2" not in str(found)
    assert found["BUCKET_ENDPOINT_URL"].value == "https://********@s3.example.com/b"
    assert found["API_KEY"].is_set
    assert not found["PORT"].is_set


def test_the_table_is_put_between_the_marks_alone(tmp_path):
    document = tmp_path / "page.md"
    document.write_text(f"# Page\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    replace_table(document, "new")
    assert document.read_text() == f"# Page\n\n{BEGIN}\nnew\n{END}\n\nAfter.\n"
    document.write_text("# Page\n")
    with pytest.raises(ValueError, match="has no"):
        replace_table(document, "new")


def test_the_command_shows_what_is_in_force_and_where_it_is_from():
    ran = _run("--json", FLOW_STEPS="1")
    told = {each["variable"]: each for each in json.loads(ran.stdout)}
    assert told["FLOW_STEPS"] == {"variable": "FLOW_STEPS", "value": "1", "is_set": True}
    assert not told["LOG_LEVEL"]["is_set"]
    plain = _run(FLOW_STEPS="1").stdout
    assert any(line.split() == ["FLOW_STEPS", "1"] for line in plain.splitlines())


def test_the_command_names_a_wrong_setting():
    ran = _run(FLOW_STEPS="9")
    assert ran.returncode == 1
    assert "FLOW_STEPS: " in ran.stderr
