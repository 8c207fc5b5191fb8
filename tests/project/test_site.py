"""The site: it builds without a warning, has every document, and a reference of the client."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import chatterpod

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a link or a heading that is not there would have failed the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_document_is_a_page(site):
    names = {path.stem for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]} - {"README"}
    assert {path.parent.name for path in site.glob("*/index.html")} == names
    assert "Streaming speech in cloned voices" in (site / "index.html").read_text()


def test_links_out_of_a_folder_lead_to_pages_and_files_of_the_site(site):
    assert 'href="../DEPLOYMENT/#gpu"' in (site / "TUNING/index.html").read_text()
    assert (site / "benchmarks/results/stream-2-cores.json").is_file()
    assert (site / "examples/chat.py").is_file()


def test_the_reference_has_every_public_name(site):
    page = (site / "reference/index.html").read_text()
    assert [name for name in chatterpod.__all__ if name not in page] == []


def test_a_page_asks_nothing_of_another_host(site):
    assert "fonts.googleapis" not in (site / "index.html").read_text()
