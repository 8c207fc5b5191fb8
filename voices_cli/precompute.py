"""Computing a voice's conditionals here, with the engine that the worker would use.

The one place where the command reaches into the worker, and only once it runs: the engines and
what they need are installed by extras.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from voices.errors import ChatterpodError

if TYPE_CHECKING:
    from worker.engine.base import Engine


class EngineNotInstalled(ChatterpodError):
    """The engine's packages are not installed."""

    code = "engine_failure"


def open_engine_for_precompute(name: str | None, model_dir: Path | None) -> "Engine":
    """Load the engine called ``name``, else the one that the ``ENGINE`` setting chooses."""
    chosen: dict[str, Any] = {"engine": name, "model_dir": model_dir}
    try:
        from pydantic import ValidationError

        from worker.engine.choice import open_engine
        from worker.settings import Settings, explain_settings

        settings = Settings(**{key: value for key, value in chosen.items() if value is not None})
        return open_engine(settings)
    except ImportError as error:
        raise EngineNotInstalled(
            f"The engine's packages are not installed ({error.name} is missing): install chatterpod[worker] "
            "for preview, chatterpod[worker,chatterbox] for Chatterbox, or leave it to the worker with "
            "--no-precompute."
        ) from error
    except ValidationError as error:
        raise ChatterpodError(explain_settings(error)) from error
