"""The library: a worker's registries, searched in order."""

from collections.abc import Iterable
from pathlib import Path

from voices.errors import UnknownVoice
from voices.registry import VoiceRegistry, manifest_key
from voices.voice import DEFAULT_VOICE_ID

_NEVER_THERE = manifest_key(DEFAULT_VOICE_ID)


class VoiceLibrary:
    """Several registries as one; all of a voice comes from the first registry that has its id."""

    def __init__(self, registries: Iterable[VoiceRegistry]) -> None:
        self.registries = tuple(registries)

    @classmethod
    def at(cls, *directories: Path) -> "VoiceLibrary":
        """Open registries in directories, which may not exist yet."""
        return cls(VoiceRegistry.at(each) for each in directories)

    def __str__(self) -> str:
        return ", ".join(str(registry.store) for registry in self.registries)

    def locate(self, voice_id: str) -> VoiceRegistry:
        """Return the registry that has the voice; raises ``UnknownVoice`` and ``InvalidVoiceId``."""
        for registry in self.registries:
            if registry.has(voice_id):
                return registry
        raise UnknownVoice(voice_id)

    def ids(self) -> list[str]:
        """List the ids of all voices, sorted; reads no manifest."""
        return sorted({voice_id for registry in self.registries for voice_id in registry.ids()})

    def check(self) -> None:
        """Probe every store; raises ``StoreFailure`` if one fails or has disappeared."""
        for registry in self.registries:
            registry.store.version(_NEVER_THERE)
