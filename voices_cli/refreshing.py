"""Bringing a registry's conditionals up to date with an engine."""

from typing import TYPE_CHECKING, Any

from voices.errors import ChatterpodError
from voices.publication import Publisher
from voices.registry import VoiceRegistry

if TYPE_CHECKING:
    from worker.engine.base import Engine


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
