"""Using the worker's engines here: to compute a voice's conditionals, or to speak with it.

The one place where the command reaches into the worker, and only once it runs: the engines and
what they need are installed by extras.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voices.clips.preparation import PreparedClip
from voices.conditionals import Conditionals
from voices.errors import ChatterpodError
from voices.extras import MissingExtra, needing, require
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices.voice import DEFAULT_VOICE_ID
from voices_cli.output import Output

if TYPE_CHECKING:
    from worker.engine.base import Engine
    from worker.settings import Settings


class Refresher:
    """Computes what voices lack; one that cannot be refreshed is reported and passed over.

    ``prompt_seconds`` changes every voice's prompt to that length; None leaves each its own.
    """

    def __init__(
        self, registry: VoiceRegistry, engine: "Engine", *, prune: bool, prompt_seconds: float | None = None
    ) -> None:
        self._registry = registry
        self._publisher = Publisher(registry)
        self._engine = engine
        self._prune = prune
        self._prompt_seconds = prompt_seconds

    def refresh(self, voice_id: str) -> dict[str, Any]:
        """Refresh one voice; return its id and ``outcome``, and where it failed the ``error``."""
        try:
            return {"voice_id": voice_id, "outcome": self._refresh(voice_id)}
        except ChatterpodError as error:
            return {"voice_id": voice_id, "outcome": f"failed: {error.message}", "error": error.as_dict()}

    def _refresh(self, voice_id: str) -> str:
        voice = self._registry.get(voice_id)
        if voice.manifest is None:
            return "a bare clip, left as it is"
        wanted = self._prompt_seconds
        if wanted is not None and wanted != voice.prompt_seconds:
            conditionals = self._engine.prepare(self._registry.reference(voice), wanted)
            self._publisher.change_prompt(voice_id, wanted, conditionals, voice.version)
            return f"computed with a prompt of {wanted:g} s, not {voice.prompt_seconds:g}"
        outcome = "up to date"
        if self._engine.fingerprint not in voice.manifest.fingerprints:
            conditionals = self._engine.prepare(self._registry.reference(voice), voice.prompt_seconds)
            self._publisher.add_conditionals(voice_id, conditionals, voice.version)
            outcome = "computed"
        others = set(voice.manifest.fingerprints) - {self._engine.fingerprint}
        if self._prune and others:
            self._publisher.drop_conditionals(voice_id, others)
            outcome += f", {len(others)} removed"
        return outcome


_PURPOSE = "No engine can be used here"
_PATIENCE_S = 3600.0
"""A voice may be on an S3 server, whose client has limits of its own."""


@dataclass(frozen=True)
class EngineChoice:
    """Which engine to use here; None leaves it to the ``ENGINE``, ``MODEL_DIR`` and ``DEVICE`` settings."""

    engine: str | None
    model_dir: str | None
    device: str | None


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
        them, unless the engine was asked for by name: then raises ``MissingExtra``.
        """
        if self._is_missing:
            return []
        try:
            engine = self._open()
        except MissingExtra as error:
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
    """Load an engine; raises ``MissingExtra`` and whatever the engine does."""
    with _packages(choice):
        from worker.engine.choice import open_engine

        return open_engine(_settings(choice))


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
    with _packages(choice):
        from voices.library import VoiceLibrary
        from worker.speech.to_file import say_to_file

        start, end = say_to_file(job, path, _settings(choice), VoiceLibrary([registry]))
    return {"engine": start.engine, "audio_seconds": end.audio_seconds}


@contextmanager
def speaking_here(
    registry: VoiceRegistry, choice: EngineChoice
) -> Iterator[Callable[[Mapping[str, Any], Path], object]]:
    """Keep an engine open; yields what speaks a job's input into a file, which appears when it is whole."""
    with _packages(choice):
        from voices.library import VoiceLibrary
        from worker.speech.to_file import Speaker

        speaker = Speaker(_settings(choice), VoiceLibrary([registry]))
    with speaker:
        yield speaker.say


def check_installed(choice: EngineChoice) -> None:
    """Raise ``MissingExtra`` where a named engine's packages are not here: before any work for it."""
    if choice.engine is None:
        return
    is_chatterbox = choice.engine.startswith("chatterbox")
    for module in ("pydantic_settings", *(["torch", "chatterbox"] if is_chatterbox else [])):
        require(module, *_extras(choice), purpose=_PURPOSE)


def check_voice(registry: VoiceRegistry, voice_id: str) -> None:
    """Raise for a voice that an engine here cannot speak in: before it is loaded."""
    if voice_id != DEFAULT_VOICE_ID:
        registry.get(voice_id)


def _packages(choice: EngineChoice) -> AbstractContextManager[None]:
    return needing(*_extras(choice), purpose=_PURPOSE)


def _extras(choice: EngineChoice) -> list[str]:
    is_chatterbox = (choice.engine or "").startswith("chatterbox")
    return ["worker", "chatterbox"] if is_chatterbox else ["worker"]


def _settings(choice: EngineChoice) -> "Settings":
    from pydantic import ValidationError

    from worker.settings import Settings, explain_settings

    try:
        chosen = {key: value for key, value in asdict(choice).items() if value is not None}
        return Settings(**chosen, store_timeout_s=_PATIENCE_S)
    except ValidationError as error:
        raise ChatterpodError(explain_settings(error)) from error
