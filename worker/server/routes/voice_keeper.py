"""What HTTP does with the registry: looks at voices, and changes them where the deployment allows it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Self, TypeVar

from voices.clips.preparation import PreparedClip
from voices.errors import InvalidRequest
from voices.publication import Publisher
from voices.voice import DEFAULT_VOICE_ID, Manifest
from worker.errors import Overloaded
from worker.server.backend import Backend
from worker.server.failures import NotEnabled, NotFound
from worker.server.routes.uploads import Upload, prepare_uploads
from worker.service.listing import describe

T = TypeVar("T")

_CLIPS_AT_ONCE = 2
"""Decoding and measuring take a core each: speech goes first."""
_CLIPS_WAITING = 8
"""Uploads that may wait for that; each is a file meanwhile."""
DEFAULT = {"voice_id": DEFAULT_VOICE_ID, "name": "Default", "built_in": True}


@dataclass(frozen=True)
class Changes:
    """What to change of a voice; None leaves a thing as it is, and in ``labels`` removes the label."""

    name: str | None = None
    language: str | None = None
    labels: Mapping[str, str | None] | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Read a body without nulls; raises ``InvalidRequest`` naming the field at fault."""
        for field, value in body.items():
            if field not in cls.__dataclass_fields__:
                raise InvalidRequest(
                    f"There is no field {field[:80]!r} to change: use {', '.join(cls.__dataclass_fields__)}.",
                    field=field[:80],
                )
            if field != "labels" and not isinstance(value, str):
                raise InvalidRequest(f"{field}: use a string.", field=field)
        labels = body.get("labels", {})
        if not isinstance(labels, dict) or not all(
            value is None or isinstance(value, str) for value in labels.values()
        ):
            raise InvalidRequest(
                'labels: use a JSON object of strings, or null to remove one: {"mood": "calm", "old": null}.',
                field="labels",
            )
        return cls(**body)


@dataclass(frozen=True)
class StoredClip:
    """A reference clip as it is on the store."""

    suffix: str
    data: bytes


class VoiceKeeper:
    """The voices of a backend. A voice may be named by an alias, but for one that is to be added.

    Every method raises ``UnknownVoice``, ``InvalidVoiceId``, ``VoiceCorrupt``, ``StoreFailure`` and
    ``Overloaded``, and waits for a store that hangs no longer than STORE_TIMEOUT_S; those that change
    something ``NotEnabled``, ``InvalidRequest`` and ``VoiceBusy`` as well, and first.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._library = backend.library
        self._clips = asyncio.Semaphore(_CLIPS_AT_ONCE)
        self._waiting_uploads = 0

    async def facts(self, name: str) -> dict[str, Any]:
        """Return what is known of a voice."""
        fingerprint, voice_id = self._backend.fingerprint, self._meant(name)
        return await self._ask(voice_id, lambda: self._facts(voice_id, fingerprint))

    async def clip(self, name: str) -> StoredClip:
        """Return a voice's reference clip, which is sound; raises ``NotFound`` for ``default``."""
        voice_id = self._meant(name)
        if voice_id == DEFAULT_VOICE_ID:
            raise NotFound("The engine's built-in voice has no clip.", field="voice_id")

        def read() -> StoredClip:
            registry = self._library.locate(voice_id)
            voice = registry.get(voice_id)
            data = registry.read(voice, voice.reference)  # what is damaged is not passed on
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
    ) -> dict[str, Any]:
        """Publish a voice made of clips; raises ``VoiceExists`` unless ``replace``."""
        self._check_enabled()
        if (meant := self._meant(voice_id)) != voice_id:
            raise InvalidRequest(
                f"voice_id: {voice_id!r} is an alias of {meant!r} here, so nobody could reach such a voice: "
                "choose another id.",
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
        return {
            "voice_id": voice_id,
            "name": manifest.name,
            "language": manifest.language,
            "labels": manifest.labels,
            "precomputed": True,
            "seconds": manifest.clip.seconds,
            "warnings": [str(finding) for finding in prepared.findings],
        }

    async def change(self, name: str, changes: Changes) -> dict[str, Any]:
        """Change a voice, and return what is known of it then."""
        fingerprint = self._backend.fingerprint
        voice_id = self._changeable(name, "changed")

        def change() -> dict[str, Any]:
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
        """Make a reference clip; whoever leaves meanwhile leaves a place that is taken until that is done."""
        if self._clips.locked() and self._waiting_uploads >= _CLIPS_WAITING:
            raise Overloaded("Other clips are being looked at: send this one again in a few seconds.")
        self._waiting_uploads += 1
        try:
            await self._clips.acquire()
        finally:
            self._waiting_uploads -= 1
        working = asyncio.ensure_future(prepare_uploads(uploads))
        working.add_done_callback(self._looked_at)
        return await asyncio.shield(working)

    def _looked_at(self, working: asyncio.Future[PreparedClip]) -> None:
        self._clips.release()
        if not working.cancelled():
            working.exception()  # nobody may be there any more to hear of it

    def _facts(self, voice_id: str, fingerprint: str) -> dict[str, Any]:
        if voice_id == DEFAULT_VOICE_ID:
            return DEFAULT
        voice = self._library.locate(voice_id).get(voice_id)
        described = describe(voice, fingerprint)
        if voice.manifest is None:
            return described
        shown = voice.manifest.model_dump(mode="json", include={"created_at", "clip", "prompt_seconds"})
        return {**described, **shown, "bytes": voice.manifest.total_bytes}

    def _changeable(self, name: str, how: str) -> str:
        self._check_enabled()
        if (voice_id := self._meant(name)) == DEFAULT_VOICE_ID:
            raise InvalidRequest(f"The engine's built-in voice cannot be {how}.", field="voice_id")
        return voice_id

    def _check_enabled(self) -> None:
        if not self._backend.server_settings.voice_uploads:
            raise NotEnabled("Voices cannot be changed here: the deployment would set VOICE_UPLOADS=true.")

    def _meant(self, name: str) -> str:
        return self._backend.settings.voice_aliases.get(name, name)
