"""Extras: what an installation left out, and the command that adds it to the Python that runs here.

`pip install .` brings the voices command and the client; the worker, Chatterbox and pictures are extras.
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
_OURS = {"benchmarks", "client", "control_plane", "deployment", "voices", "voices_cli", "worker"}


class MissingExtra(ChatterpodError):
    """Packages of an extra are not installed; the message has the command that installs them."""

    code = "engine_failure"


def how_to_install(*extras: str) -> str:
    """Return the command that adds extras to this very Python, be there pip in it or only uv."""
    wanted = f"{_source()}[{','.join(extras)}]"
    return shlex.join([*_installer(), wanted])


def how_to_install_package(*packages: str) -> str:
    """Return the command that adds packages of others likewise."""
    return shlex.join([*_installer(), *packages])


def require(module: str, extra: str, purpose: str) -> None:
    """Raise ``MissingExtra`` unless a module is there: before the work that would end in its absence."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(f"{purpose}, which is not installed here: {how_to_install(extra)}")


@contextmanager
def needing(*extras: str, purpose: str) -> Iterator[None]:
    """Turn the absence of a library into a ``MissingExtra``; that of a module of ours is our mistake."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in _OURS:
            raise
        raise MissingExtra(
            f"{purpose}: {error.name} is not installed here: {how_to_install(*extras)}"
        ) from error


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is None:  # as in every environment that uv made
        return [shutil.which("uv") or "uv", "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]


def _source() -> str:
    """Return what pip installs us from: the folder that we were installed from, or else our name."""
    try:
        recorded = distribution(_DISTRIBUTION).read_text("direct_url.json")
        url = urlsplit(loads(recorded or "{}").get("url", ""))
    except (PackageNotFoundError, ValueError):
        return _checkout() or _DISTRIBUTION
    folder = Path(unquote(url.path))
    return str(folder) if url.scheme == "file" and folder.is_dir() else _checkout() or _DISTRIBUTION


def _checkout() -> str | None:
    root = Path(__file__).parents[1]
    return str(root) if (root / "pyproject.toml").is_file() else None
