"""The examples of CLIENT.md run as written, but for the addresses."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile
from fake_chat import fake_chat
from scripted_engine import ScriptedEngine
from served import Served, served

import chatterpod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_runpod import LocalEndpoint

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "CLIENT.md").read_text()
BLOCKS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^\n)((?:    .*\n|\n(?=    ))+)", TEXT, re.MULTILINE)
]
PROGRAMS = [block for block in BLOCKS if "import" in block]
COMMANDS = [block.strip() for block in BLOCKS if "\npython " in block]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(ScriptedEngine(), tmp_path_factory.mktemp("voices")) as site:
        yield site


def at_hand(text: str, site: Served, queue_url: str, llm_url: str) -> str:
    """Put the addresses of this test in the place of the documented ones."""
    text = text.replace("http://127.0.0.1:8001/v2/local", queue_url)
    return text.replace("http://127.0.0.1:8000", site.url).replace("http://127.0.0.1:11434/v1", llm_url)


def test_every_block_is_run() -> None:
    assert len(PROGRAMS) == 5
    assert len(COMMANDS) == 1
    assert len(BLOCKS) == len(PROGRAMS) + len(COMMANDS)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_every_program_runs(
    program: str, site: Served, endpoint: LocalEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("chatterpod.endpoint.RUNPOD_URL", endpoint.url)  # what stands in for the hosted one
    player = io.BytesIO()
    with fake_chat("It is blue. That is all.") as chat:
        source = at_hand(program, site, endpoint.url, chat.url)
        exec(compile(source, "CLIENT.md", "exec"), {"player": player, "key": "none"})
    assert player.getvalue() or "player" not in program
    if "hello.wav" in program:
        assert soundfile.info("hello.wav").duration > 0.05


def test_the_command_runs(site: Served, tmp_path: Path) -> None:
    with fake_chat("It is blue. That is all.") as chat:
        command = at_hand(COMMANDS[0], site, "", chat.url).replace("python", sys.executable, 1)
        command = command.replace("examples", f"{ROOT}/examples")
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, check=True, timeout=60)
    assert (tmp_path / "answer.pcm").stat().st_size > 4800


def test_every_error_is_told_of() -> None:
    kinds = {
        name
        for name in chatterpod.__all__
        if isinstance(kind := getattr(chatterpod, name), type) and issubclass(kind, chatterpod.ClientError)
    }
    groups = {"EndpointError", "JobError"}
    assert {name for name in kinds if f"`{name}`" not in TEXT and name not in TEXT} <= groups
