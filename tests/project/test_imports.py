"""Imports run one way: voices_cli -> voices <- worker; the client stands alone but for one module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"chatterpod", "local_runpod", "deployment", "synthetic", "voices", "voices_cli", "worker"}
ALLOWED = {
    "voices": set(),
    "chatterpod": set(),
    "worker": {"voices"},
    "synthetic": {"worker"},
    "voices_cli": {"voices", "chatterpod"},
    "local_runpod": {"chatterpod"},  # the demo speaks through it
    "deployment": {
        "chatterpod",
        "voices",
    },  # how often RunPod is asked again; where their volumes' S3 servers are
}
ALSO = {
    "worker/commands.py": {"synthetic"},  # the command that writes a checkpoint imports it on use
    "chatterpod/saving.py": {"voices"},
    **{f"local_runpod/{name}.py": {"voices"} for name in ("app", "local_endpoint", "plane")},
}
"""Files that take one module of Python alone from there: of files that appear when they are whole, and of
which web requests come from another site."""
ONLY_IN = {
    "runpod": {"worker/handler.py"},
    "aiohttp": {"local_runpod"},
    "boto3": {"voices/stores/s3_client.py", "voices/stores/s3_credentials.py"},
    "typer": {"deployment/app.py", "voices_cli", "worker/commands.py"},
    "fastapi": {"worker/server"},
    "starlette": {"worker/server"},
    "uvicorn": {"worker/server"},
    "prometheus_client": {"worker/telemetry/metrics.py"},
    "opentelemetry": {"worker/telemetry/traces.py"},
}


def _imports(path: Path, *, deferred: bool) -> set[str]:
    """Name the top-level packages that a module imports; without ``deferred``, only on being imported."""
    tree = ast.parse(path.read_text())
    statements = [node for node in tree.body if not _is_for_types(node)]
    nodes = [each for node in statements for each in ast.walk(node)] if deferred else statements
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _modules():
    return [path for package in sorted(OURS) for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_package_may(path):
    package = path.relative_to(ROOT).parts[0]
    # voices_cli reaches into the worker inside a function: the engines are an extra.
    deferred = path != ROOT / "voices_cli" / "precompute.py"
    found = _imports(path, deferred=deferred) & OURS
    assert found <= ALLOWED[package] | ALSO.get(path.relative_to(ROOT).as_posix(), set()) | {package}


def test_all_that_the_client_needs_of_ours_stands_on_python_alone():
    loaded = "import sys, chatterpod; print(*(name for name in sys.modules if name.partition('.')[0] in {0}))"
    names = subprocess.run(
        [sys.executable, "-c", loaded.format(OURS - {"chatterpod"})],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert set(names.stdout.split()) == {"voices", "voices.whole_file"}


def test_the_local_queue_needs_of_the_voices_only_where_requests_come_from():
    for path in (ROOT / "local_runpod").glob("*.py"):
        named = {
            node.module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module
        }
        assert {each for each in named if each.startswith("voices")} <= {"voices.origins"}


@pytest.mark.parametrize("name", ["origins", "whole_file"])
def test_what_stands_on_python_alone_does(name):
    assert not _imports(ROOT / "voices" / f"{name}.py", deferred=True) - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_of_the_edge_stays_at_the_edge(path):
    relative = path.relative_to(ROOT).as_posix()
    for library, places in ONLY_IN.items():
        if library in _imports(path, deferred=True):
            assert any(f"{relative}/".startswith(f"{place}/") for place in places)


@pytest.mark.parametrize("package", ["voices", "voices_cli", "chatterpod", "local_runpod", "deployment"])
def test_torch_is_never_imported_outside_the_worker(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not {"torch", "torchaudio", "transformers", "chatterbox"} & _imports(path, deferred=True)
