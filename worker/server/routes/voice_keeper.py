"""Voices for HTTP clients: read from the registry, and changed where the deployment allows it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from voices.clips.preparation import PreparedClip
from voices.errors import InvalidRequest
from voices.publication import Publisher
from voices.voice import DEFAULT_VOICE_ID, Manifest
from worker.errors import Overloaded
from worker.server.backend import Backend
from worker.server.failures import NotEnabled, NotFound
from worker.server.routes.uploads import Upload, prepare_uploads
from worker.server.routes.voice_models import BUILT_IN, AddedVoice, VoiceChanges, VoiceFacts
from worker.service.listing import describe

T = TypeVar("T")

_CLIPS_AT_ONCE = 2
"""Uploads prepared at once: each takes a core, and speech has priority."""
_CLIPS_WAITING = 8
"""Uploads that may wait for preparation; each waits as a temporary file."""


@dataclass(frozen=True)
class StoredClip:
    """A reference clip as the store holds it."""

    suffix: str
    data: bytes


class VoiceKeeper:
    """The voices of a backend. A voice may be named by an alias, except a new voice.

    Every method raises ``UnknownVoice``, ``InvalidVoiceId``, ``VoiceCorrupt``, ``StoreFailure`` and
    ``Overloaded``, and waits for the store at most STORE_TIMEOUT_S. Methods that change a voice also raise
    ``NotEnabled``, ``InvalidRequest`` and ``VoiceBusy``, before they touch the store.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._library = backend.library
        self._clips = asyncio.Semaphore(_CLIPS_AT_ONCE)
        self._waiting_uploads = 0

    async def facts(self, name: str) -> VoiceFacts:
        """Return the facts about a voice."""
        fingerprint, voice_id = self._backend.fingerprint, self._resolved(name)
        return await self._ask(voice_id, lambda: self._facts(voice_id, fingerprint))

    async def clip(self, name: str) -> StoredClip:
        """Return a voice's reference clip, its checksum verified; raises ``NotFound`` for ``default``."""
        voice_id = self._resolved(name)
        if voice_id == DEFAULT_VOICE_ID:
            raise NotFound("The engine's built-in voice has no clip.", field="voice_id")

        def read() -> StoredClip:
            registry = self._library.locate(voice_id)
            voice = registry.get(voice_id)
            data = registry.read(voice, voice.reference)  # raises VoiceCorrupt for a damaged clip
            return StoredClip(PurePath(voice.reference).suffix, data)

        return await self._ask(voice_id, read)

    async def add(
        self,
        voice_id: str,
        uploads: Sequence[Upload],
        *,
        name: str | None,
        language: str,
        labels: Mapping[str, str],
        replace: bool,
    ) -> AddedVoice:
        """Publish a voice made from clips; raises ``VoiceExists`` unless ``replace``."""
        self._check_enabled()
        if (resolved := self._resolved(voice_id)) != voice_id:
            raise InvalidRequest(
                f"voice_id: {voice_id!r} is an alias of {resolved!r} here, so requests could not reach "
                "such a voice: choose another id.",
                field="voice_id",
            )
        publisher = Publisher(self._library.registries[0])

        def check() -> None:
            publisher.check(voice_id, name=name, language=language, labels=labels, replace=replace)

        def publish() -> Manifest:
            return publisher.add(
                voice_id, prepared, name=name, language=language, labels=labels, replace=replace
            )

        await self._ask(voice_id, check)
        prepared = await self._prepared(uploads)
        manifest = await self._ask(voice_id, publish)
        await self._backend.prepare_voice(voice_id)
        return AddedVoice(
            voice_id=voice_id,
            name=manifest.name,
            language=manifest.language,
            labels=manifest.labels,
            precomputed=True,
            seconds=manifest.clip.seconds,
            warnings=[str(finding) for finding in prepared.findings],
        )

    async def change(self, name: str, changes: VoiceChanges) -> VoiceFacts:
        """Change a voice, and return the facts about it afterwards."""
        fingerprint = self._backend.fingerprint
        voice_id = self._changeable(name, "changed")

        def change() -> VoiceFacts:
            publisher = Publisher(self._library.locate(voice_id))
            publisher.edit(voice_id, name=changes.name, language=changes.language, labels=changes.labels)
            return self._facts(voice_id, fingerprint)

        return await self._ask(voice_id, change)

    async def delete(self, name: str) -> None:
        """Delete a voice, damaged or not."""
        voice_id = self._changeable(name, "deleted")
        await self._ask(voice_id, lambda: Publisher(self._library.locate(voice_id)).delete(voice_id))

    async def _ask(self, voice_id: str, work: Callable[[], T]) -> T:
        return await self._backend.errands.ask(("voice", voice_id), work)

    async def _prepared(self, uploads: Sequence[Upload]) -> PreparedClip:
        """Prepare a reference clip; it keeps its place until done, even if the client disconnects."""
        if self._clips.locked() and self._waiting_uploads >= _CLIPS_WAITING:
            raise Overloaded("Other clips are being prepared: retry in a few seconds.")
        self._waiting_uploads += 1
        try:
            await self._clips.acquire()
        finally:
            self._waiting_uploads -= 1
        working = asyncio.ensure_future(prepare_uploads(uploads))
        working.add_done_callback(self._prepared_or_failed)
        return await asyncio.shield(working)

    def _prepared_or_failed(self, working: asyncio.Future[PreparedClip]) -> None:
        self._clips.release()
        if not working.cancelled():
            working.exception()  # retrieved, since asyncio would log it if the client is gone

    def _facts(self, voice_id: str, fingerprint: str) -> VoiceFacts:
        if voice_id == DEFAULT_VOICE_ID:
            return VoiceFacts(**BUILT_IN.model_dump(exclude_unset=True))
        voice = self._library.locate(voice_id).get(voice_id)
        described = describe(voice, fingerprint)
        if (manifest := voice.manifest) is None:
            return VoiceFacts(**described)
        return VoiceFacts(
            **described,
            created_at=manifest.created_at,
            clip=manifest.clip,
            prompt_seconds=manifest.prompt_seconds,
            bytes=manifest.total_bytes,
        )

    def _changeable(self, name: str, how: str) -> str:
        self._check_enabled()
        if (voice_id := self._resolved(name)) == DEFAULT_VOICE_ID:
            raise InvalidRequest(f"The engine's built-in voice cannot be {how}.", field="voice_id")
        return voice_id

    def _check_enabled(self) -> None:
        if not self._backend.server_settings.voice_uploads:
            raise NotEnabled("Voices cannot be changed here: the deployment has not set VOICE_UPLOADS=true.")

    def _resolved(self, name: str) -> str:
        return self._backend.settings.voice_aliases.get(name, name)
