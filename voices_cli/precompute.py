"""Using the worker's engines here: to compute a voice's conditionals, or to speak with it.

The one place where the command reaches into the worker, and only once it runs: the engines and
what they need are installed by extras.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voices.conditionals import Conditionals
from voices.errors import ChatterpodError
from voices.preparation import PreparedClip
from voices.registry import VoiceRegistry
from voices_cli.output import Output

if TYPE_CHECKING:
    from worker.engine.base import Engine
    from worker.settings import Settings


@dataclass(frozen=True)
class EngineChoice:
    """Which engine to use here; None leaves it to the ``ENGINE``, ``MODEL_DIR`` and ``DEVICE`` settings."""

    engine: str | None
    model_dir: str | None
    device: str | None


class EngineNotInstalled(ChatterpodError):
    """The engine's packages are not installed."""

    code = "engine_failure"


class Precomputer:
    """Computes conditionals with one engine, loaded for the first clip and kept for the others."""

    def __init__(self, output: Output, choice: EngineChoice) -> None:
        self._output = output
        self._choice = choice
        self._engine: Engine | None = None
        self._is_missing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._engine is not None:
            self._engine.close()

    def prepare(self, prepared: PreparedClip, prompt_seconds: float) -> list[Conditionals]:
        """Compute the conditionals of a clip, with so much of it as their prompt.

        Without the engine's packages there are none, and a note says that the worker will compute
        them, unless the engine was asked for by name: then raises ``EngineNotInstalled``.
        """
        if self._is_missing:
            return []
        try:
            engine = self._open()
        except EngineNotInstalled as error:
            if self._choice.engine is not None:
                raise
            self._output.note(f"left to the worker: {error.message}")
            self._is_missing = True
            return []
        with self._output.step(f"computing conditionals with {engine.name}"):
            return [engine.prepare(prepared.clip, prompt_seconds)]

    def _open(self) -> "Engine":
        if self._engine is None:
            with self._output.step("loading the engine"):
                self._engine = open_chosen_engine(self._choice)
        return self._engine


def open_chosen_engine(choice: EngineChoice) -> "Engine":
    """Load an engine; raises ``EngineNotInstalled`` and whatever the engine does."""
    try:
        from worker.engine.choice import open_engine

        return open_engine(_settings(choice))
    except ImportError as error:
        raise _not_installed(error) from error


def name_engine_here(choice: EngineChoice) -> str | None:
    """Name the engine that would speak here, without loading it; None where none is installed."""
    try:
        from worker.engine.choice import name_engine

        return name_engine(_settings(choice))
    except ImportError:
        return None


def say_here(
    job: dict[str, Any], path: Path, registry: VoiceRegistry, choice: EngineChoice
) -> dict[str, Any]:
    """Speak a job's input into a file; returns the engine's name and the seconds of speech."""
    try:
        from voices.library import VoiceLibrary
        from worker.say import say_to_file

        start, end = say_to_file(job, path, _settings(choice), VoiceLibrary([registry]))
    except ImportError as error:
        raise _not_installed(error) from error
    return {"engine": start.engine, "audio_seconds": end.audio_seconds}


@contextmanager
def speaking_here(
    registry: VoiceRegistry, choice: EngineChoice
) -> Iterator[Callable[[Mapping[str, Any], Path], object]]:
    """Keep an engine open; yields what speaks a job's input into a file, which appears when it is whole."""
    try:
        from voices.library import VoiceLibrary
        from worker.say import Speaker

        speaker = Speaker(_settings(choice), VoiceLibrary([registry]))
    except ImportError as error:
        raise _not_installed(error) from error
    with speaker:
        yield speaker.say


def _settings(choice: EngineChoice) -> "Settings":
    from pydantic import ValidationError

    from worker.settings import Settings, explain_settings

    try:
        return Settings(**{key: value for key, value in asdict(choice).items() if value is not None})
    except ValidationError as error:
        raise ChatterpodError(explain_settings(error)) from error


def _not_installed(error: ImportError) -> EngineNotInstalled:
    return EngineNotInstalled(
        f"The engine's packages are not installed ({error.name} is missing): install chatterpod[worker] "
        "for preview, chatterpod[worker,chatterbox] for Chatterbox, or leave it to the worker with "
        "--no-precompute."
    )
