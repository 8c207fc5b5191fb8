"""The voice cache: conditionals in memory, read at a voice's first request and evicted by size."""

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
"""Timeout for the check whether a cached voice is still the published one."""
_ATTEMPTS = 3
"""A voice may be republished while it is being read, but not three times in a row."""


@dataclass(frozen=True)
class LoadedVoice:
    """A voice that an engine can speak."""

    voice_id: str
    conditionals: Conditionals
    language: str | None
    """Language in the voice's manifest; None leaves it to the engine."""
    source: Source
    """Origin of the conditionals for this request."""
    warnings: tuple[str, ...] = ()
    """Defects of a bare clip, which the ``voices`` command has not checked."""


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
    """An LRU cache of voices, bounded by ``max_bytes``.

    Thread-safe. Concurrent requests for one voice load it once, and do not block requests for other voices.
    A voice that was republished or deleted is noticed at its next request. While the store fails or hangs,
    the cached version is spoken.
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
        self._lock = threading.Lock()  # over the entries and their size; never held during I/O
        self._loading = KeyedLocks()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="voice-writer")

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def kept_bytes(self) -> int:
        """Bytes that the cached conditionals take."""
        return self._kept_bytes

    def get(self, voice_id: str) -> LoadedVoice:
        """Return a voice; raises ``UnknownVoice``, ``VoiceCorrupt``, ``InvalidVoiceId``, ``StoreFailure``."""
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
        """Wait until the conditionals computed so far are written back or have failed, or the store hangs."""
        wait([self._writer.submit(lambda: None)], self._errands.limit_s)

    def close(self) -> None:
        """Finish writing back the computed conditionals."""
        self._writer.shutdown()

    def _built_in(self) -> Conditionals:
        if self._default is None:
            self._default = self._engine.default_conditionals()
        return self._default

    def _fresh_entry(self, voice_id: str) -> _Entry | None:
        """Return the cached voice if it is still the published one."""
        kept = self._entries.get(voice_id)
        if kept is None:
            return None
        try:
            fresh = self._errands.run(("look", voice_id), lambda: self._refreshed(kept), _LOOK_S)
        except StoreFailure as error:
            log.warning("voice %s is spoken from the cache: %s", voice_id, error.message)
            fresh = kept
        if fresh is None:
            with self._lock:
                self._forget(voice_id)
        else:
            self._keep(fresh)
        return fresh

    def _refreshed(self, entry: _Entry) -> _Entry | None:
        """Return the entry with the published manifest, or None if the voice sounds different or is gone."""
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
        """Cache a voice as the most recently used one; it may be cached already or evicted meanwhile."""
        with self._lock:
            self._forget(entry.voice.voice_id)
            self._entries[entry.voice.voice_id] = entry
            self._kept_bytes += entry.conditionals.nbytes
            while self._kept_bytes > self._max_bytes and len(self._entries) > 1:
                self._forget(next(iter(self._entries)))

    def _forget(self, voice_id: str) -> None:
        # Another voice may have evicted it meanwhile.
        if (entry := self._entries.pop(voice_id, None)) is not None:
            self._kept_bytes -= entry.conditionals.nbytes

    def _publish(self, entry: _Entry) -> None:
        """Publish computed conditionals for the other workers; a read-only volume is no error."""
        voice_id = entry.voice.voice_id
        publisher = Publisher(entry.registry)
        try:
            self._errands.run(
                ("writer",),
                lambda: publisher.add_conditionals(voice_id, entry.conditionals, entry.voice.version),
            )
        except ChatterpodError as error:
            log.info("conditionals of voice %s stay in memory only: %s", voice_id, error.message)
        else:
            log.info("conditionals of voice %s written back to %s", voice_id, entry.registry.store)
