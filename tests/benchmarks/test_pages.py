"""The measured numbers of the documents are those of benchmarks/results."""

import json
from pathlib import Path

import pytest

from benchmarks.pages import PAGES, ROOT, ResultFiles, fill, write_table
from benchmarks.tables import TABLES


@pytest.fixture
def measured() -> ResultFiles:
    """What was measured."""
    return ResultFiles(ROOT / "benchmarks" / "results")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_figures_that_were_measured(name, measured):
    """Where this fails after a measurement: python -m benchmarks.pages."""
    page = (ROOT / name).read_text()
    assert "<!-- figures " in page
    assert fill(page, measured, PAGES[name]) == page


def test_every_table_has_its_place_in_a_page():
    pages = "".join((ROOT / name).read_text() for name in PAGES)
    assert [name for name in TABLES if f"<!-- figures {name} -->\n" not in pages] == []


def test_a_new_measurement_changes_the_page(tmp_path: Path, measured):
    report = measured.report("soak-2-cores.json")
    changed = json.loads(json.dumps(report))
    changed["results"][1]["ours"] = 1234.5
    (tmp_path / "soak-2-cores.json").write_text(json.dumps(changed))
    place = "before\n<!-- figures memory -->\nold\n<!-- end of figures -->\nafter\n"
    page = fill(place, ResultFiles(tmp_path))
    assert "1,234 MB" in page
    assert page.startswith("before\n<!-- figures memory -->\n| ")
    assert page.endswith("\n<!-- end of figures -->\nafter\n")


def test_a_table_says_how_it_was_measured(measured):
    table = write_table("headline", measured)
    report = measured.report("stream-2-cores.json")
    assert "`./scripts/bench stream --quick`" in table
    assert f"commit {report['commit']}" in table
    assert f"{report['hardware']['cores']} cores of an {report['hardware']['cpu']}" in table


def test_a_figure_that_was_not_measured_is_an_error(tmp_path: Path):
    (tmp_path / "soak-2-cores.json").write_text('{"results": []}')
    with pytest.raises(LookupError, match="has no ours of soak/"):
        write_table("memory", ResultFiles(tmp_path))
