"""The documents: commands that need an account say so, the rest is run, and links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
RUN = ("DEPLOYMENT.md", "docs/IMAGE.md", "docs/OPERATIONS.md")
"""The pages whose `bash` blocks are run here."""
MARK = re.compile(r"# needs (an account|Docker)$")
ELSEWHERE = re.compile(
    r"runpod\.(io|ai|net)|s3://|ENDPOINT_ID|POD_ID|VOLUME_ID|RUNPOD_API_KEY|docker |ghcr\.io"
)
# Run by hand, or by other tests: they stay until they are ended, or ask what stays.
STAYS = (
    "python -m local_runpod",
    "python -m worker serve",
    "python -m worker --rp_serve_api",
    "curl --fail-with-body -sS http://127.0.0.1",
    "curl --fail-with-body -sS -X POST http://127.0.0.1",
)


def _blocks() -> list[list[str]]:
    """Return the pages' commands, block by block."""
    pages = "\n".join((ROOT / name).read_text() for name in RUN)
    found = re.findall(r"^```bash\n(.*?)^```", pages, re.DOTALL | re.MULTILINE)
    return [block.splitlines() for block in found]


def _unmarked() -> list[str]:
    lines = [line for block in _blocks() if not MARK.match(block[0]) for line in block]
    return [line.partition("  #")[0].strip() for line in lines]


def test_what_needs_an_account_says_so():
    assert len([block for block in _blocks() if MARK.match(block[0])]) > 5
    assert [line for line in _unmarked() if ELSEWHERE.search(line)] == []


@pytest.mark.parametrize("line", [line for line in _unmarked() if not line.startswith(STAYS)])
def test_what_needs_nothing_is_run(line, tmp_path: Path):
    command = line.replace("./scripts/deploy", "python -m deployment")
    words = [sys.executable if word == "python" else word for word in shlex.split(command)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_a_curl_example_fails_where_the_server_does(name):
    """Else it leaves the error in a file called hello.mp3, and says nothing."""
    commands = re.findall(r"\bcurl -.*", (ROOT / name).read_text())
    assert [command for command in commands if not command.startswith("curl --fail-with-body -sS")] == []


def test_the_readme_is_short_and_every_document_is_found():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 110
    assert {"docs/API.md", "docs/CLIENT.md", "docs/SETTINGS.md", "docs/ARCHITECTURE.md"} < set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_no_sentence_begins_with_a_pronoun_in_place_of_its_subject(name):
    """The rule of CONTRIBUTING.md, as far as a test can tell."""
    page = re.sub(
        r"^```.*?^```|^    .*?$|`[^`]*`", "", (ROOT / name).read_text(), flags=re.DOTALL | re.MULTILINE
    )
    assert (
        re.findall(r"(?:^|[.!?:|] |^[#-]+ |^\d\. )((?:What|Who|Whoever|Of) [^.]*)", page, re.MULTILINE) == []
    )


def test_the_settings_of_deploy_toml_are_explained():
    page = (ROOT / "DEPLOYMENT.md").read_text()
    for name, value in tomllib.loads((ROOT / "deploy.toml").read_text()).items():
        assert (f"[{name}]" if isinstance(value, dict) else f"`{name}`") in page


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", page):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        linked = (ROOT / name).parent / file if file else ROOT / name
        assert linked.exists(), target
        assert not heading or heading in _headings(linked), target


def _headings(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
