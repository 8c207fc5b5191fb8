"""Bringing a registry's conditionals up to date with an engine."""

from typing import TYPE_CHECKING, Any

from voices.errors import ChatterpodError
from voices.publication import Publisher
from voices.registry import VoiceRegistry

if TYPE_CHECKING:
    from worker.engine.base import Engine


class Refresher:
    """Computes what voices lack; one that cannot be refreshed is reported and passed over."""

    def __init__(self, registry: VoiceRegistry, engine: "Engine", *, prune: bool) -> None:
        self._registry = registry
        self._publisher = Publisher(registry)
        self._engine = engine
        self._prune = prune

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
        outcome = "up to date"
        if self._engine.fingerprint not in voice.manifest.fingerprints:
            conditionals = self._engine.prepare(self._registry.reference(voice))
            self._publisher.add_conditionals(voice_id, conditionals, voice.version)
            outcome = "computed"
        others = set(voice.manifest.fingerprints) - {self._engine.fingerprint}
        if self._prune and others:
            self._publisher.drop_conditionals(voice_id, others)
            outcome += f", {len(others)} removed"
        return outcome
