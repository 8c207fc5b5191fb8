"""Extras: what an installation left out, and the command that adds it to the Python that runs here.

`pip install .` brings the client; the voices command, the worker, Chatterbox and plots are extras.
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
    """Packages of an extra are not installed; the message has the command that installs them."""

    code = "missing_extra"


def how_to_install(*extras: str) -> str:
    """Return the command that adds extras, or all that every use needs, to this very Python.

    It serves where there is pip, and where there is only uv.
    """
    source, editable = _source()
    wanted = [*(["--editable"] if editable else []), f"{source}[{','.join(extras)}]" if extras else source]
    if "chatterbox" not in extras:
        return shlex.join([*_installer(), *wanted])
    # Its packages pin another torch than ours: pip refuses both, uv reads the overrides beside our sources.
    directory = ["--directory", source] if Path(source).is_dir() else []
    command = shlex.join([*_uv(), *directory, "pip", "install", "--python", sys.executable, *wanted])
    if _has_pip() and _uv() == [sys.executable, "-m", "uv"]:
        return f"{shlex.join([sys.executable, '-m', 'pip', 'install', 'uv'])} && {command}"
    return command


def how_to_install_package(*packages: str) -> str:
    """Return the command that adds packages of others likewise."""
    return shlex.join([*_installer(), *packages])


def require(module: str, *extras: str, purpose: str) -> None:
    """Raise ``MissingExtra`` unless a module is there: before the work that would end in its absence."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(
            f"{purpose}: {module} is not installed here. Install it by: {how_to_install(*extras)}"
        )


@contextmanager
def needing(*extras: str, purpose: str) -> Iterator[None]:
    """Turn a library's absence into a ``MissingExtra``; a module of ours that is not there is a mistake."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in _OURS:
            raise
        raise MissingExtra(
            f"{purpose}: {name} is not installed here. Install it by: {how_to_install(*extras)}"
        ) from error


def _installer() -> list[str]:
    if _has_pip():
        return [sys.executable, "-m", "pip", "install"]
    return [*_uv(), "pip", "install", "--python", sys.executable]  # as in every environment that uv made


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _uv() -> list[str]:
    beside = Path(_source()[0]) / ".cache" / "uv" / "bin" / "uv"  # where our scripts put one
    if found := shutil.which("uv") or (str(beside) if beside.is_file() else None):
        return [found]
    return [sys.executable, "-m", "uv"] if _has_pip() else ["uv"]


def _source() -> tuple[str, bool]:
    """Return what we are installed from, a folder or our name, and whether in place (``--editable``)."""
    try:
        recorded = loads(distribution(_DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        recorded = {}
    url = urlsplit(recorded.get("url", ""))
    if url.scheme == "file" and Path(unquote(url.path)).is_dir():
        return unquote(url.path), bool(recorded.get("dir_info", {}).get("editable"))
    root = Path(__file__).parents[1]
    return (str(root), True) if (root / "pyproject.toml").is_file() else (_DISTRIBUTION, False)
