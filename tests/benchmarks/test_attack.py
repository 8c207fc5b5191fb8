"""An attack is measured: what it did, what honest listeners heard, and what memory it left."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.attack_raids import RAIDS

pytestmark = pytest.mark.process


def test_an_attack_is_measured_beside_honest_listeners(tmp_path):
    file = tmp_path / "attack.json"
    options = ["--duration", "4", "--settle", "0", "--listeners", "2", "--json", str(file)]
    told = CliRunner().invoke(app, ["attack", *options])
    assert told.exit_code == 0, told.output
    report = json.loads(file.read_text())
    figures = {each["metric"]: each["ours"] for each in report["results"]}
    assert (figures["requests"], figures["errors"]) == (2, 0)
    assert figures["first_audio_p95_ms"] > 0
    assert 0 < figures["memory_first_mb"] <= figures["memory_peak_mb"]
    assert len(report["notes"]) == len(RAIDS)  # none of them did nothing
