"""The registry: publishes voices to a store, finds them, and vouches for what it reads.

A voice is published data first and manifest last, and removed manifest first, so that a reader
sees a whole voice or none. Everything read is checked against the manifest.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from voices.clip import Clip, decode_clip
from voices.conditionals import Conditionals, conditionals_file
from voices.errors import InvalidClip, InvalidRequest, UnknownVoice, VoiceCorrupt, VoiceExists
from voices.preparation import PreparedClip
from voices.store import DirectoryStore, Store
from voices.voice import (
    DEFAULT_VOICE_ID,
    MANIFEST_FILE,
    REFERENCE_FILE,
    VOICE_ID,
    FileFacts,
    Manifest,
    Voice,
    check_voice_id,
)

MOUNTED_VOICES = Path("/voices")
BARE_CLIP_SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")


def default_voices_dir() -> Path:
    """Return ``VOICES_DIR``, else ``/voices`` where it is mounted, else a folder of this user's."""
    if configured := os.environ.get("VOICES_DIR"):
        return Path(configured)
    # As a link without its volume, /voices exists but leads nowhere: writing there tells so.
    if MOUNTED_VOICES.is_dir() or MOUNTED_VOICES.is_symlink():
        return MOUNTED_VOICES
    return Path.home() / ".chatterpod" / "voices"


class VoiceRegistry:
    """The voices in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def at(cls, directory: Path) -> "VoiceRegistry":
        """Open the registry in a directory, which need not exist yet."""
        return cls(DirectoryStore(directory))

    def ids(self) -> list[str]:
        """List the ids of all voices, the damaged ones too, sorted; reads no manifest."""
        names = self.store.names()
        bare = (Path(name).stem for name in names if name.endswith(BARE_CLIP_SUFFIXES))
        found = {name for name in names if self.store.version(f"{name}/{MANIFEST_FILE}") is not None}
        return sorted(voice_id for voice_id in found.union(bare) if VOICE_ID.fullmatch(voice_id))

    def get(self, voice_id: str) -> Voice:
        """Find a voice; raises ``InvalidVoiceId``, ``UnknownVoice``, or ``VoiceCorrupt`` for its manifest."""
        key = f"{check_voice_id(voice_id)}/{MANIFEST_FILE}"
        if (version := self.store.version(key)) is None:
            return self._bare_voice(voice_id)
        try:
            manifest = Manifest.model_validate_json(self.store.read(key))
        except FileNotFoundError:  # deleted since
            raise UnknownVoice(voice_id) from None
        except ValidationError as error:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} is not a manifest") from error
        if manifest.voice_id != voice_id:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} is of another voice, {manifest.voice_id!r}")
        if REFERENCE_FILE not in manifest.files:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} names no {REFERENCE_FILE}")
        return Voice(
            voice_id=voice_id, manifest=manifest, reference=f"{voice_id}/{REFERENCE_FILE}", version=version
        )

    def version(self, voice: Voice) -> str | None:
        """Return the voice's version as of now: None once it is deleted."""
        return self.store.version(f"{voice.voice_id}/{MANIFEST_FILE}" if voice.manifest else voice.reference)

    def reference(self, voice: Voice) -> Clip:
        """Read the voice's reference clip; raises ``VoiceCorrupt`` when it is not what was published."""
        data = self._read(voice, voice.reference)
        try:
            return decode_clip(data)
        except InvalidClip as error:
            raise VoiceCorrupt(voice.voice_id, f"{voice.reference} is not audio") from error

    def conditionals(self, voice: Voice, fingerprint: str) -> Conditionals | None:
        """Read the voice's conditionals for one fingerprint; None where none were precomputed.

        Raises ``VoiceCorrupt`` when the file is not what was published.
        """
        file = conditionals_file(fingerprint)
        if voice.manifest is None or file not in voice.manifest.files:
            return None
        data = self._read(voice, f"{voice.voice_id}/{file}")
        try:
            conditionals = Conditionals.from_bytes(data)
        except ValueError as error:
            raise VoiceCorrupt(voice.voice_id, f"{file} holds no conditionals") from error
        if conditionals.fingerprint != fingerprint:
            raise VoiceCorrupt(voice.voice_id, f"{file} is of fingerprint {conditionals.fingerprint}")
        return conditionals

    def check(self, voice: Voice) -> None:
        """Read every file of the voice; raises ``VoiceCorrupt`` for the first that is not as published."""
        files = voice.manifest.files if voice.manifest else ()
        for key in [voice.reference, *(f"{voice.voice_id}/{file}" for file in files)]:
            self._read(voice, key)

    def check_exists(self, voice_id: str) -> None:
        """Raise ``UnknownVoice`` unless there is such a voice, be it damaged."""
        if self.store.version(f"{check_voice_id(voice_id)}/{MANIFEST_FILE}") is None:
            self._bare_voice(voice_id)

    def check_free(self, voice_id: str, *, replace: bool = False) -> None:
        """Raise unless a voice can be published under ``voice_id``: ask before long work."""
        check_voice_id(voice_id)
        if voice_id == DEFAULT_VOICE_ID:
            raise InvalidRequest(
                f"{DEFAULT_VOICE_ID!r} is the engine's built-in voice: choose another id.", field="voice_id"
            )
        if not replace and self.store.version(f"{voice_id}/{MANIFEST_FILE}") is not None:
            raise VoiceExists(voice_id)

    def add(
        self,
        voice_id: str,
        prepared: PreparedClip,
        conditionals: Iterable[Conditionals] = (),
        *,
        name: str | None = None,
        language: str = "en",
        labels: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> Manifest:
        """Publish a voice; raises ``VoiceExists`` unless ``replace``, and ``InvalidRequest``."""
        self.check_free(voice_id, replace=replace)
        data = {REFERENCE_FILE: prepared.clip.to_flac()}
        data |= {conditionals_file(each.fingerprint): each.to_bytes() for each in conditionals}
        try:
            manifest = Manifest(
                voice_id=voice_id,
                name=name or voice_id,
                language=language,
                labels=dict(labels or {}),
                created_at=datetime.now(UTC).replace(microsecond=0),
                clip=prepared.facts,
                files={file: _facts(content) for file, content in data.items()},
            )
        except ValidationError as error:
            raise _invalid_field(error) from error
        self._remove(voice_id)
        for file, content in data.items():
            self.store.write(f"{voice_id}/{file}", content)
        self.store.write(f"{voice_id}/{MANIFEST_FILE}", manifest.model_dump_json(indent=2).encode())
        return manifest

    def delete(self, voice_id: str) -> None:
        """Remove a voice, damaged or not; raises ``UnknownVoice`` when there is none."""
        if self.store.version(f"{check_voice_id(voice_id)}/{MANIFEST_FILE}") is None:
            self.store.delete(self._bare_voice(voice_id).reference)
        self._remove(voice_id)

    def _remove(self, voice_id: str) -> None:
        """Remove all of a voice's files, and what an interrupted add left, the manifest first."""
        self.store.delete(f"{voice_id}/{MANIFEST_FILE}")
        for file in self.store.files(voice_id):
            self.store.delete(f"{voice_id}/{file}")

    def _bare_voice(self, voice_id: str) -> Voice:
        for suffix in BARE_CLIP_SUFFIXES:
            if version := self.store.version(key := f"{voice_id}{suffix}"):
                return Voice(voice_id=voice_id, manifest=None, reference=key, version=version)
        raise UnknownVoice(voice_id)

    def _read(self, voice: Voice, key: str) -> bytes:
        """Read a file of the voice and hold it against the manifest, if there is one."""
        try:
            data = self.store.read(key)
        except FileNotFoundError as error:
            if self.version(voice) is None:
                raise UnknownVoice(voice.voice_id) from error
            raise VoiceCorrupt(voice.voice_id, f"{key} is missing") from error
        if voice.manifest and _facts(data) != voice.manifest.files[key.rpartition("/")[2]]:
            raise VoiceCorrupt(voice.voice_id, f"{key} is not the file that was published")
        return data


def _facts(data: bytes) -> FileFacts:
    return FileFacts(sha256=hashlib.sha256(data).hexdigest(), size=max(len(data), 1))


def _invalid_field(error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_context=False)[0]
    field = str(first["loc"][0])
    return InvalidRequest(f"{field}: {first['msg']}.", field=field)
