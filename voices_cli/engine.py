"""Local use of the worker's engines: computing a voice's conditionals, and speaking with it.

This is the only module of the command that imports the worker, and only inside functions, because the
engines are optional dependencies.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
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
    from worker.speech.to_file import Speaker


class Refresher:
    """Computes missing conditionals; a voice that fails is reported and skipped.

    ``prompt_seconds`` sets the prompt length of every voice; None keeps each voice's own.
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
        """Refresh one voice; return its ``voice_id``, ``outcome`` and, after a failure, ``error``."""
        try:
            return {"voice_id": voice_id, "outcome": self._refresh(voice_id)}
        except ChatterpodError as error:
            return {"voice_id": voice_id, "outcome": f"failed: {error.message}", "error": error.as_dict()}

    def _refresh(self, voice_id: str) -> str:
        voice = self._registry.get(voice_id)
        if voice.manifest is None:
            return "a bare clip, unchanged"
        wanted = self._prompt_seconds
        if wanted is not None and wanted != voice.prompt_seconds:
            conditionals = self._engine.prepare(self._registry.reference(voice), wanted)
            self._publisher.change_prompt(voice_id, wanted, conditionals, voice.version)
            return f"computed with a prompt of {wanted:g} s instead of {voice.prompt_seconds:g} s"
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


_PURPOSE = "Cannot use an engine here"
_STORE_TIMEOUT_S = 3600.0
"""Long, because a voice may be on an S3 server, whose client has its own timeouts."""


@dataclass(frozen=True)
class EngineChoice:
    """The engine to use here; None means the ``ENGINE``, ``MODEL_DIR`` or ``DEVICE`` setting."""

    engine: str | None
    model_dir: str | None
    device: str | None


class Precomputer:
    """Computes conditionals with one engine, which is loaded for the first clip and then kept."""

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

    def compute(self, prepared: PreparedClip, prompt_seconds: float) -> list[Conditionals]:
        """Compute a clip's conditionals with a prompt of ``prompt_seconds``.

        If the engine's packages are missing, raises ``MissingExtra`` for an engine chosen by name; otherwise
        prints a note that the worker will compute them, and returns none.
        """
        if self._is_missing:
            return []
        try:
            engine = self._open()
        except MissingExtra as error:
            if self._choice.engine is not None:
                raise
            self._output.note(f"the worker will compute the conditionals: {error.message}")
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
    """Load an engine; raises ``MissingExtra`` and the engine's own errors."""
    with _packages(choice):
        from worker.engine.choice import open_engine

        return open_engine(_settings(choice))


def name_engine_here(choice: EngineChoice) -> str | None:
    """Name the engine that would be used here, without loading it; None if no engine is installed."""
    try:
        from worker.engine.choice import name_engine

        return name_engine(_settings(choice))
    except ImportError:
        return None


@contextmanager
def open_speaker(registry: VoiceRegistry, choice: EngineChoice) -> Iterator["Speaker"]:
    """Load an engine and keep it open; yields a ``Speaker``, which speaks a job's input into a file."""
    with _packages(choice):
        from voices.library import VoiceLibrary
        from worker.speech.to_file import Speaker

        with Speaker(_settings(choice), VoiceLibrary([registry])) as speaker:
            yield speaker


def check_installed(choice: EngineChoice) -> None:
    """Raise ``MissingExtra`` if a named engine's packages are missing; call it before other work."""
    if choice.engine is None:
        return
    is_chatterbox = choice.engine.startswith("chatterbox")
    for module in ("pydantic_settings", *(["torch", "chatterbox"] if is_chatterbox else [])):
        require(module, *_extras(choice), purpose=_PURPOSE)


def check_voice(registry: VoiceRegistry, voice_id: str) -> None:
    """Raise unless the voice exists; call it before the engine is loaded."""
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
        return Settings(**chosen, store_timeout_s=_STORE_TIMEOUT_S)
    except ValidationError as error:
        raise ChatterpodError(explain_settings(error)) from error
