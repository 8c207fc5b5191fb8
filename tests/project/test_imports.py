"""Which package may import which: the contracts in pyproject.toml, and what an import loads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"chatterpod", "deployment", "local_runpod", "synthetic", "voices", "voices_cli", "worker"}


def _run(*command):
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_contracts_of_imports_are_kept():
    told = _run("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


def test_the_client_loads_one_module_of_ours_beside_its_own_and_no_library_but_httpx_and_anyio():
    told = _run("-c", "import sys, chatterpod; print(*sys.modules)")
    loaded = set(told.stdout.split())
    ours = {name for name in loaded if name.partition(".")[0] in OURS - {"chatterpod"}}
    assert ours == {"voices", "voices.whole_file"}
    assert not {"av", "boto3", "numpy", "pydantic", "torch", "typer"} & loaded
