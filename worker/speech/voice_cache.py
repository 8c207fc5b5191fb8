"""The voice cache: a voice's conditionals, read on its first request and kept while there is room."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from voices.clips.preparation import prepare_clip
from voices.conditionals import Conditionals
from voices.errors import ChatterpodError, InvalidClip, StoreFailure, UnknownVoice, VoiceCorrupt
from voices.library import VoiceLibrary
from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices.voice import DEFAULT_VOICE_ID, Voice
from worker.engine.base import Engine
from worker.speech.errands import Errands
from worker.speech.keyed_locks import KeyedLocks

log = logging.getLogger(__name__)

Source = Literal["hit", "miss", "computed"]

T = TypeVar("T")

_LOOK_S = 1.0
"""How long a voice that is kept waits for the store to say that it is still the one that is published."""
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
    warnings: tuple[str, ...] = ()
    """What could be better about a bare clip, which no command has judged."""


@dataclass(frozen=True)
class _Entry:
    registry: VoiceRegistry
    voice: Voice
    conditionals: Conditionals
    warnings: tuple[str, ...]

    def loaded(self, source: Source) -> LoadedVoice:
        language = self.voice.manifest.language if self.voice.manifest else None
        return LoadedVoice(self.voice.voice_id, self.conditionals, language, source, self.warnings)


class VoiceCache:
    """Least recently used voices leave first, once all take more than ``max_bytes``.

    Shared by the requests' threads: however many ask for a voice at once, it is loaded once, and
    nobody waits who asks for another. A voice that was published anew or deleted since is noticed
    at its next request; while the store fails or hangs, a voice that is kept is spoken as it was.
    """

    def __init__(
        self,
        library: VoiceLibrary,
        engine: Engine,
        max_bytes: int,
        *,
        write_back: bool = True,
        errands: Errands | None = None,
    ) -> None:
        self._errands = errands or Errands()
        self._write_back = write_back
        self._library = library
        self._engine = engine
        self._max_bytes = max_bytes
        self._kept_bytes = 0
        self._default: Conditionals | None = None
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()  # over the entries and their size; held for no more than a moment
        self._loading = KeyedLocks()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="voice-writer")

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def kept_bytes(self) -> int:
        """Memory that the kept conditionals take."""
        return self._kept_bytes

    def get(self, voice_id: str) -> LoadedVoice:
        """Find a voice; raises ``UnknownVoice``, ``VoiceCorrupt``, ``InvalidVoiceId``, ``StoreFailure``."""
        with self._loading.of(voice_id):
            if voice_id == DEFAULT_VOICE_ID:
                return LoadedVoice(voice_id, self._built_in(), None, "hit")
            if (entry := self._fresh_entry(voice_id)) is not None:
                return entry.loaded("hit")
            entry, source = self._load(voice_id)
            self._keep(entry)
        if source == "computed" and entry.voice.manifest is not None and self._write_back:
            self._writer.submit(self._publish, entry)
        return entry.loaded(source)

    def settle(self) -> None:
        """Wait until what was computed so far is written back, or could not be, or the store hangs."""
        wait([self._writer.submit(lambda: None)], self._errands.limit_s)

    def close(self) -> None:
        """Finish writing back what was computed."""
        self._writer.shutdown()

    def _built_in(self) -> Conditionals:
        if self._default is None:
            self._default = self._engine.default_conditionals()
        return self._default

    def _fresh_entry(self, voice_id: str) -> _Entry | None:
        """Return the kept voice if it is still the one that is published."""
        kept = self._entries.get(voice_id)
        if kept is None:
            return None
        try:
            fresh = self._errands.run(("look", voice_id), lambda: self._refreshed(kept), _LOOK_S)
        except StoreFailure as error:
            log.warning("voice %s is spoken as it was: %s", voice_id, error.message)
            fresh = kept
        if fresh is None:
            with self._lock:
                self._forget(voice_id)
        else:
            self._keep(fresh)
        return fresh

    def _refreshed(self, entry: _Entry) -> _Entry | None:
        """Return the entry as of now, or None where the voice speaks differently or is gone."""
        voice_id = entry.voice.voice_id
        try:
            if self._library.locate(voice_id) is not entry.registry:
                return None
        except UnknownVoice:
            return None
        if entry.registry.version(entry.voice) == entry.voice.version:
            return entry
        voice = entry.registry.get(voice_id)
        old, new = entry.voice.manifest, voice.manifest
        if old is None or new is None or not new.speaks_as(old, self._engine.fingerprint):
            return None
        return replace(entry, voice=voice)

    def _load(self, voice_id: str) -> tuple[_Entry, Source]:
        for attempt in range(1, _ATTEMPTS + 1):
            registry, voice = self._ask(voice_id, lambda: self._find(voice_id))
            try:
                conditionals, source, warnings = self._conditionals(registry, voice)
            except VoiceCorrupt:
                if attempt == _ATTEMPTS or self._is_as_read(registry, voice):
                    raise
            else:
                return _Entry(registry, voice, conditionals, warnings), source
        raise AssertionError  # the last attempt returns or raises

    def _is_as_read(self, registry: VoiceRegistry, voice: Voice) -> bool:
        return self._ask(voice.voice_id, lambda: registry.version(voice)) == voice.version

    def _find(self, voice_id: str) -> tuple[VoiceRegistry, Voice]:
        registry = self._library.locate(voice_id)
        return registry, registry.get(voice_id)

    def _conditionals(
        self, registry: VoiceRegistry, voice: Voice
    ) -> tuple[Conditionals, Source, tuple[str, ...]]:
        fingerprint = self._engine.fingerprint
        stored = self._ask(voice.voice_id, lambda: registry.conditionals(voice, fingerprint))
        if stored is not None:
            return stored, "miss", ()
        log.info("computing conditionals of voice %s for %s", voice.voice_id, fingerprint)
        data = self._ask(voice.voice_id, lambda: registry.read(voice, voice.reference))
        clip = registry.decoded(voice, data)
        warnings: tuple[str, ...] = ()
        if voice.manifest is None:
            try:
                prepared = prepare_clip(clip)
            except InvalidClip as error:
                raise VoiceCorrupt(voice.voice_id, error.message) from error
            clip, warnings = prepared.clip, tuple(map(str, prepared.findings))
        for warning in warnings:
            log.warning("voice %s: %s", voice.voice_id, warning)
        return self._engine.prepare(clip, voice.prompt_seconds), "computed", warnings

    def _ask(self, voice_id: str, work: Callable[[], T]) -> T:
        return self._errands.run(("voice", voice_id), work)

    def _keep(self, entry: _Entry) -> None:
        """Keep a voice as the one used last, be it kept already or pushed out meanwhile."""
        with self._lock:
            self._forget(entry.voice.voice_id)
            self._entries[entry.voice.voice_id] = entry
            self._kept_bytes += entry.conditionals.nbytes
            while self._kept_bytes > self._max_bytes and len(self._entries) > 1:
                self._forget(next(iter(self._entries)))

    def _forget(self, voice_id: str) -> None:
        # Another voice may have pushed it out meanwhile.
        if (entry := self._entries.pop(voice_id, None)) is not None:
            self._kept_bytes -= entry.conditionals.nbytes

    def _publish(self, entry: _Entry) -> None:
        """Publish what was computed, so that no other worker has to; a read-only volume is fine."""
        voice_id = entry.voice.voice_id
        publisher = Publisher(entry.registry)
        try:
            self._errands.run(
                ("writer",),
                lambda: publisher.add_conditionals(voice_id, entry.conditionals, entry.voice.version),
            )
        except ChatterpodError as error:
            log.info("conditionals of voice %s stay in memory: %s", voice_id, error.message)
        else:
            log.info("conditionals of voice %s written back to %s", voice_id, entry.registry.store)
