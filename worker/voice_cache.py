"""The voice cache: a voice's conditionals, read on its first request and kept while there is room."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from voices.conditionals import Conditionals
from voices.errors import InvalidClip, VoiceCorrupt
from voices.preparation import prepare_clip
from voices.registry import VoiceRegistry
from voices.voice import DEFAULT_VOICE_ID, Voice
from worker.engine.base import Engine

log = logging.getLogger(__name__)

Source = Literal["hit", "miss", "computed"]

_ATTEMPTS = 3
"""A voice may be published anew while it is being read; not three times in a row."""


@dataclass(frozen=True)
class LoadedVoice:
    """A voice that an engine can speak."""

    voice_id: str
    conditionals: Conditionals
    language: str | None
    """Of the voice's manifest; None leaves it to the engine."""
    source: Source
    """Where its conditionals came from this time."""


class VoiceCache:
    """Least recently used voices leave first, once all take more than ``max_bytes``.

    Belongs to the inference thread. A voice that was published anew or deleted since it was
    cached is noticed at its next request.
    """

    def __init__(self, registry: VoiceRegistry, engine: Engine, max_bytes: int) -> None:
        self._registry = registry
        self._engine = engine
        self._max_bytes = max_bytes
        self._default: Conditionals | None = None
        self._entries: OrderedDict[str, tuple[Voice, Conditionals]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, voice_id: str) -> LoadedVoice:
        """Find a voice; raises ``UnknownVoice``, ``VoiceCorrupt``, ``InvalidVoiceId``."""
        if voice_id == DEFAULT_VOICE_ID:
            return LoadedVoice(voice_id, self._built_in(), None, "hit")
        if (entry := self._fresh_entry(voice_id)) is not None:
            voice, conditionals = entry
            source: Source = "hit"
        else:
            voice, conditionals, source = self._load(voice_id)
            self._keep(voice, conditionals)
        language = voice.manifest.language if voice.manifest else None
        return LoadedVoice(voice_id, conditionals, language, source)

    def _built_in(self) -> Conditionals:
        if self._default is None:
            self._default = self._engine.default_conditionals()
        return self._default

    def _fresh_entry(self, voice_id: str) -> tuple[Voice, Conditionals] | None:
        entry = self._entries.pop(voice_id, None)
        if entry is None or self._registry.version(entry[0]) != entry[0].version:
            return None
        self._entries[voice_id] = entry
        return entry

    def _load(self, voice_id: str) -> tuple[Voice, Conditionals, Source]:
        for attempt in range(1, _ATTEMPTS + 1):
            voice = self._registry.get(voice_id)
            try:
                return voice, *self._conditionals(voice)
            except VoiceCorrupt:
                if attempt == _ATTEMPTS or self._registry.version(voice) == voice.version:
                    raise
        raise AssertionError  # the last attempt returns or raises

    def _conditionals(self, voice: Voice) -> tuple[Conditionals, Source]:
        stored = self._registry.conditionals(voice, self._engine.fingerprint)
        if stored is not None:
            return stored, "miss"
        log.info("computing conditionals of voice %s for %s", voice.voice_id, self._engine.fingerprint)
        clip = self._registry.reference(voice)
        if voice.manifest is None:
            try:
                clip = prepare_clip(clip).clip
            except InvalidClip as error:
                raise VoiceCorrupt(voice.voice_id, error.message) from error
        return self._engine.prepare(clip), "computed"

    def _keep(self, voice: Voice, conditionals: Conditionals) -> None:
        self._entries[voice.voice_id] = (voice, conditionals)
        kept = sum(each.nbytes for _, each in self._entries.values())
        while kept > self._max_bytes and len(self._entries) > 1:
            _, (_, oldest) = self._entries.popitem(last=False)
            kept -= oldest.nbytes
