"""Settings: read from the environment, refused by the variable's name, without the engine's libraries."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from worker.settings import Settings, explain_settings


def test_the_defaults_are_stocks(monkeypatch):
    for name in ("PROMPT_SECONDS", "FLOW_STEPS", "LEFT_CONTEXT_SECONDS", "S3GEN_PRECISION"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.prompt_seconds, settings.flow_steps) == (10.0, 2)
    assert not settings.allow_unwatermarked


def test_they_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("PROMPT_SECONDS", "4.5")
    monkeypatch.setenv("FLOW_STEPS", "1")
    monkeypatch.setenv("LEFT_CONTEXT_SECONDS", "0")
    monkeypatch.setenv("S3GEN_PRECISION", "bfloat16")
    monkeypatch.setenv("ALLOW_UNWATERMARKED", "true")
    settings = Settings()
    assert (settings.prompt_seconds, settings.flow_steps, settings.left_context_seconds) == (4.5, 1, 0)
    assert settings.s3gen_precision == "bfloat16"
    assert settings.allow_unwatermarked


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROMPT_SECONDS", "0.5", "greater than or equal to 1"),
        ("PROMPT_SECONDS", "15", "less than or equal to 10"),
        ("PROMPT_SECONDS", "nan", "finite"),
        ("PROMPT_SECONDS", "long", "valid number"),
        ("FLOW_STEPS", "0", "greater than or equal to 1"),
        ("FLOW_STEPS", "3", "less than or equal to 2"),
        ("LEFT_CONTEXT_SECONDS", "-1", "greater than or equal to 0"),
        ("S3GEN_PRECISION", "float16", "'auto', 'float32' or 'bfloat16'"),
        ("ALLOW_UNWATERMARKED", "sometimes", "valid boolean"),
    ],
)
def test_a_value_that_cannot_be_is_explained_by_its_variable(monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    explained = explain_settings(caught.value)
    assert explained.startswith(f"{name}: ")
    assert told in explained


def test_reading_them_imports_no_torch():
    script = "import sys; from worker.settings import Settings; Settings(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
