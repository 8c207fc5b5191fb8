"""Imports run one way: voices_cli -> voices <- worker; the client stands alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"client", "control_plane", "deployment", "voices", "voices_cli", "worker"}
ALLOWED = {
    "voices": set(),
    "client": set(),
    "worker": {"voices"},
    "voices_cli": {"voices", "client"},
    "control_plane": {"client"},  # the demo speaks through it
    "deployment": {
        "client",
        "voices",
    },  # how often RunPod is asked again; where their volumes' S3 servers are
}
ONLY_IN = {
    "runpod": {"worker/handler.py"},
    "aiohttp": {"control_plane"},
    "boto3": {"voices/s3_client.py", "voices/s3_credentials.py"},
    "typer": {"deployment/app.py", "voices_cli", "worker/commands.py"},
    "fastapi": {"worker/server"},
    "starlette": {"worker/server"},
    "uvicorn": {"worker/server"},
    "prometheus_client": {"worker/observation/metrics.py", "worker/server/metrics.py"},
    "opentelemetry": {"worker/observation/traces.py"},
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
    assert _imports(path, deferred=deferred) & OURS <= ALLOWED[package] | {package}


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_of_the_edge_stays_at_the_edge(path):
    relative = path.relative_to(ROOT).as_posix()
    for library, places in ONLY_IN.items():
        if library in _imports(path, deferred=True):
            assert any(f"{relative}/".startswith(f"{place}/") for place in places)


@pytest.mark.parametrize("package", ["voices", "voices_cli", "client", "control_plane", "deployment"])
def test_torch_is_never_imported_outside_the_worker(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not {"torch", "torchaudio", "transformers", "chatterbox"} & _imports(path, deferred=True)
