"""An installation without some extra: each command says which, and how to add it to this very Python."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from voices.extras import MissingExtra, needing

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
HIDING = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden!r} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""


@pytest.fixture
def run(tmp_path):
    """Run our Python as if packages were not installed."""

    def run_without(hidden, *arguments, path=(), **env):
        (tmp_path / "sitecustomize.py").write_text(HIDING.format(hidden=set(hidden)))
        places = [str(tmp_path), str(ROOT), *map(str, path)]
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(places),
                "VOICES_DIR": str(tmp_path / "voices"),
                "COLUMNS": "1000",
                **env,
            },
        )

    return run_without


def _command(said):
    """The command at the end of a message, as a shell takes it apart."""
    message = said.strip().splitlines()[-1]
    return shlex.split(re.split(r"nstall (?:it|them) (?:by|with): ", message, maxsplit=1)[1])


@pytest.mark.parametrize("arguments", [["doctor"], ["say", "Hello."], ["settings"], ["serve"], []])
def test_a_worker_without_its_extra_says_so(run, arguments):
    failed = run({"pydantic_settings", "uvicorn", "pip"}, "-m", "worker", *arguments)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    *installer, wanted = _command(failed.stderr)
    assert wanted.endswith("[worker]")
    assert installer[installer.index("--python") + 1] == sys.executable
    assert Path(installer[0]).name == "uv"


def test_where_the_client_alone_is_installed_the_commands_say_so(run):
    listed = run({"typer"}, "-m", "voices_cli", "list")
    assert (listed.returncode, "Traceback" in listed.stderr) == (1, False)
    assert _command(listed.stderr)[-1] == f"{ROOT}[voices]"
    served = run({"typer"}, "-m", "worker", "serve")
    assert (served.returncode, "Traceback" in served.stderr) == (1, False)
    assert _command(served.stderr)[-1] == f"{ROOT}[worker]"


def test_where_there_is_pip_it_is_named(run, tmp_path):
    (tmp_path / "more" / "pip").mkdir(parents=True)
    (tmp_path / "more" / "pip" / "__init__.py").touch()
    failed = run({"pydantic_settings"}, "-m", "worker", "doctor", path=[tmp_path / "more"])
    assert _command(failed.stderr)[:4] == [sys.executable, "-m", "pip", "install"]


def test_chatterbox_without_its_packages_is_told_before_anything_is_downloaded(run, tmp_path):
    env = {"HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    failed = run({"chatterbox", "torch"}, "-m", "worker", "say", "Hi.", "--engine", "chatterbox-turbo", **env)
    assert failed.returncode == 1
    assert "ownloading" not in failed.stderr
    assert _command(failed.stderr)[-1].endswith("[worker,chatterbox]")


def test_a_named_engine_that_is_not_installed_keeps_a_voice_from_being_made(run, clip_file, tmp_path):
    failed = run({"torch"}, "-m", "voices_cli", "add", "anna", clip_file, "--engine", "chatterbox-turbo")
    assert failed.returncode == 8
    assert _command(failed.stderr)[-1].endswith("[worker,chatterbox]")
    assert not (tmp_path / "voices").exists()


def test_a_check_reports_all_the_same_where_no_picture_can_be_drawn(run, clip_file, tmp_path):
    checked = run({"matplotlib"}, "-m", "voices_cli", "check", clip_file, "--plot", "p.png")
    assert checked.returncode == 8
    assert "speech" in checked.stdout
    assert _command(checked.stderr)[-1].endswith("[plot]")
    asked = ["check", clip_file, "--plot", "p.png", "--json"]
    told = json.loads(run({"matplotlib"}, "-m", "voices_cli", *asked).stdout)
    assert told["usable"] is True
    assert told["picture"]["error"]["code"] == "missing_extra"
    added = run({"matplotlib"}, "-m", "voices_cli", "add", "anna", clip_file, "--plot", "p.png")
    assert added.returncode == 8
    assert not (tmp_path / "voices").exists()


def test_the_chat_example_says_what_a_question_needs(run):
    failed = run({"openai"}, ROOT / "examples" / "chat.py", "Why is the sky blue?")
    assert failed.returncode == 1
    assert failed.stderr.strip().endswith(" openai")
    assert sys.executable in failed.stderr


def test_a_module_of_ours_that_is_missing_is_no_extra():
    with pytest.raises(ModuleNotFoundError), needing("worker", purpose="no"):
        raise ModuleNotFoundError(name="worker.nowhere")
    with (
        pytest.raises(MissingExtra, match="no: torch is not installed"),
        needing("worker", purpose="no"),
    ):
        raise ModuleNotFoundError(name="torch.cuda")
