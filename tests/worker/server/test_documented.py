"""The examples of API.md run as written, except for the address."""

import re
import subprocess
from pathlib import Path

import pytest
from scripted_engine import ScriptedEngine
from served import served

from voices.clips.decoding import decode_clip

ROOT = Path(__file__).parents[3]
ADDRESS = "127.0.0.1:8000"


def _blocks():
    """API.md's indented blocks."""
    text = (ROOT / "docs" / "API.md").read_text()
    found = re.findall(r"(?:^\n)((?:    .*\n|\n(?=    ))+)", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def _curls():
    commands = "\n".join(_blocks()).replace("\\\n", " ")
    return re.findall(r"^curl .*$", commands, re.MULTILINE)


PROGRAMS = [block for block in _blocks() if re.match(r"(from openai|import json)", block)]


@pytest.fixture(scope="module")
def place(tmp_path_factory, speech):
    """A server, and a folder with a clip."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "clip.wav").write_bytes(speech.to_flac())
    with served(ScriptedEngine(), folder / "voices", voice_uploads=True) as site:
        yield site, folder


def test_every_curl_command_succeeds_in_order(place):
    site, folder = place
    commands = _curls()
    assert len(commands) >= 10
    for command in commands:
        assert ADDRESS in command
        ran = subprocess.run(
            ["bash", "-c", command.replace(ADDRESS, f"127.0.0.1:{site.port}")],
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, (command, ran.stderr, ran.stdout)
    for name in ("hello.mp3", "hello.wav", "menu.wav"):
        assert decode_clip(folder / name).seconds > 0.05
    assert (folder / "moment.ul").stat().st_size % 160 == 0


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.split()[1])
def test_every_python_program_runs(place, program, monkeypatch, capsys):
    site, folder = place
    monkeypatch.chdir(folder)
    exec(compile(program.replace(ADDRESS, f"127.0.0.1:{site.port}"), "API.md", "exec"), {})
    if "hello.wav" in program:
        assert decode_clip(folder / "hello.wav").seconds > 0.05
    else:
        assert "bytes of audio" in capsys.readouterr().out


def test_the_programs_are_found():
    assert len(PROGRAMS) == 2
