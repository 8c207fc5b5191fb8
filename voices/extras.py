"""Optional dependencies (extras), and the command that installs them into the running Python.

`pip install .` installs only the client; the voices command, the worker, Chatterbox and plots are extras.
"""

import importlib.util
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from json import loads
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voices.errors import ChatterpodError

_DISTRIBUTION = "chatterpod"
_OURS = {"benchmarks", "chatterpod", "local_runpod", "deployment", "voices", "voices_cli", "worker"}


class MissingExtra(ChatterpodError):
    """An extra's packages are missing; the message has the command that installs them."""

    code = "missing_extra"


def how_to_install(*extras: str) -> str:
    """Return the command that installs the package with ``extras`` into this Python, by pip or uv."""
    source, editable = _source()
    wanted = [*(["--editable"] if editable else []), f"{source}[{','.join(extras)}]" if extras else source]
    if "chatterbox" not in extras:
        return shlex.join([*_installer(), *wanted])
    # Chatterbox pins another torch than ours: pip refuses that, uv applies the overrides in our sources.
    directory = ["--directory", source] if Path(source).is_dir() else []
    command = shlex.join([*_uv(), *directory, "pip", "install", "--python", sys.executable, *wanted])
    if _has_pip() and _uv() == [sys.executable, "-m", "uv"]:
        return f"{shlex.join([sys.executable, '-m', 'pip', 'install', 'uv'])} && {command}"
    return command


def how_to_install_package(*packages: str) -> str:
    """Return the command that installs third-party packages into this Python."""
    return shlex.join([*_installer(), *packages])


def require(module: str, *extras: str, purpose: str) -> None:
    """Raise ``MissingExtra`` unless ``module`` is installed; call it before the work that needs it."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(
            f"{purpose}: {module} is not installed. Install it with: {how_to_install(*extras)}"
        )


@contextmanager
def needing(*extras: str, purpose: str) -> Iterator[None]:
    """Turn a missing library into ``MissingExtra``; a missing module of ours is a bug and passes through."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in _OURS:
            raise
        raise MissingExtra(
            f"{purpose}: {name} is not installed. Install it with: {how_to_install(*extras)}"
        ) from error


def _installer() -> list[str]:
    if _has_pip():
        return [sys.executable, "-m", "pip", "install"]
    return [*_uv(), "pip", "install", "--python", sys.executable]  # environments made by uv have no pip


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _uv() -> list[str]:
    bundled = Path(_source()[0]) / ".cache" / "uv" / "bin" / "uv"  # where our scripts put one
    if found := shutil.which("uv") or (str(bundled) if bundled.is_file() else None):
        return [found]
    return [sys.executable, "-m", "uv"] if _has_pip() else ["uv"]


def _source() -> tuple[str, bool]:
    """Return the folder or name that we were installed from, and whether in place (``--editable``)."""
    try:
        recorded = loads(distribution(_DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        recorded = {}
    url = urlsplit(recorded.get("url", ""))
    if url.scheme == "file" and Path(unquote(url.path)).is_dir():
        return unquote(url.path), bool(recorded.get("dir_info", {}).get("editable"))
    root = Path(__file__).parents[1]
    return (str(root), True) if (root / "pyproject.toml").is_file() else (_DISTRIBUTION, False)
