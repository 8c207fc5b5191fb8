"""The registry: finds the voices in a store and verifies every file that it reads.

Reads are checked against the manifest. Writes are in ``publication.py``.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from voices.clips.clip import Clip
from voices.clips.decoding import decode_clip
from voices.clips.untrusted import decode_untrusted
from voices.conditionals import Conditionals
from voices.errors import InvalidClip, UnknownVoice, VoiceCorrupt
from voices.stores.store import MOST_BYTES, DirectoryStore, FileTooLarge, Store
from voices.voice import (
    MANIFEST_FILE,
    SHORTEST_PROMPT_SECONDS,
    VOICE_ID,
    FileFacts,
    Manifest,
    Voice,
    check_voice_id,
)

MOUNTED_VOICES = Path("/voices")
MOST_MANIFEST_BYTES = 256 * 1024
"""Twice the size of a manifest with the maximum number and length of labels."""
BARE_CLIP_SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")

In = TypeVar("In")
Out = TypeVar("Out")


def default_voices_dir() -> Path:
    """Return ``/voices`` if it is mounted, else a folder in the user's home."""
    # A dangling /voices link means that its volume is missing: the first write there reports it.
    if MOUNTED_VOICES.is_dir() or MOUNTED_VOICES.is_symlink():
        return MOUNTED_VOICES
    return Path.home() / ".chatterpod" / "voices"


def voices_dirs() -> list[Path]:
    """Return the directories in ``VOICES_DIR``, separated as in PATH, else the default directory."""
    configured = os.environ.get("VOICES_DIR", "")
    return [Path(each) for each in configured.split(os.pathsep) if each] or [default_voices_dir()]


class VoiceRegistry:
    """The voices in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def at(cls, directory: Path) -> "VoiceRegistry":
        """Open the registry in a directory, which may not exist yet."""
        return cls(DirectoryStore(directory))

    def ids(self) -> list[str]:
        """List the ids of all voices, including damaged ones, sorted; reads no manifest."""
        names = self.store.names()
        folders = [name for name in names if VOICE_ID.fullmatch(name)]
        published = self.each(folders, lambda folder: self.store.version(manifest_key(folder)) is not None)
        found = {folder for folder, is_voice in zip(folders, published, strict=True) if is_voice}
        bare = {Path(name).stem for name in names if name.endswith(BARE_CLIP_SUFFIXES)}
        return sorted(found | {voice_id for voice_id in bare if VOICE_ID.fullmatch(voice_id)})

    def scan(self) -> list[tuple[str, Manifest | VoiceCorrupt | None]]:
        """Read all manifests; a damaged one is returned as its error, a bare clip's as None."""
        return [entry for entry in self.each(self.ids(), self._look) if entry is not None]

    def get(self, voice_id: str) -> Voice:
        """Find a voice; raises ``InvalidVoiceId``, ``UnknownVoice``, or ``VoiceCorrupt`` (bad manifest)."""
        key = manifest_key(check_voice_id(voice_id))
        if (version := self.store.version(key)) is None:
            return self._bare_voice(voice_id)
        try:
            manifest = Manifest.model_validate_json(self.store.read(key, MOST_MANIFEST_BYTES))
        except FileNotFoundError:  # deleted since
            raise UnknownVoice(voice_id) from None
        except FileTooLarge as error:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} is too large to be a manifest") from error
        except ValidationError as error:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} is not a manifest") from error
        if manifest.voice_id != voice_id:
            raise VoiceCorrupt(voice_id, f"{MANIFEST_FILE} belongs to another voice, {manifest.voice_id!r}")
        reference = f"{voice_id}/{manifest.reference_file}"
        return Voice(voice_id=voice_id, manifest=manifest, reference=reference, version=version)

    def version(self, voice: Voice) -> str | None:
        """Return the voice's current version; None once it is deleted."""
        return self.store.version(manifest_key(voice.voice_id) if voice.manifest else voice.reference)

    def exists(self, voice_id: str) -> bool:
        """Whether a voice, even a damaged one, is published under that id; raises ``InvalidVoiceId``."""
        return self.store.version(manifest_key(check_voice_id(voice_id))) is not None

    def has(self, voice_id: str) -> bool:
        """Whether the voice exists, even damaged or as a bare clip; raises ``InvalidVoiceId``."""
        return self.exists(voice_id) or self._bare_clip(voice_id) is not None

    def reference(self, voice: Voice) -> Clip:
        """Read the voice's reference clip; raises ``VoiceCorrupt`` if it is not the published file."""
        return self.decoded(voice, self.read(voice, voice.reference))

    def decoded(self, voice: Voice, data: bytes) -> Clip:
        """Decode a reference clip's bytes without store access; raises ``VoiceCorrupt``."""
        try:
            # A bare clip is untrusted; a published clip was encoded by us or checked at import.
            clip = decode_clip(data) if voice.manifest else decode_untrusted(data)
        except InvalidClip as error:
            raise VoiceCorrupt(voice.voice_id, f"{voice.reference} is not audio") from error
        if voice.manifest and clip.seconds < SHORTEST_PROMPT_SECONDS:
            raise VoiceCorrupt(voice.voice_id, f"{voice.reference} has only {clip.seconds:.2f} s of audio")
        return clip

    def conditionals(self, voice: Voice, fingerprint: str) -> Conditionals | None:
        """Read the voice's conditionals for a fingerprint; None if they are not precomputed.

        Raises ``VoiceCorrupt`` if the file is not the published one.
        """
        file = voice.manifest.conditionals_file(fingerprint) if voice.manifest else None
        if file is None:
            return None
        data = self.read(voice, f"{voice.voice_id}/{file}")
        try:
            conditionals = Conditionals.from_bytes(data)
        except ValueError as error:
            raise VoiceCorrupt(voice.voice_id, f"{file} is not a file of conditionals") from error
        if conditionals.fingerprint != fingerprint:
            raise VoiceCorrupt(voice.voice_id, f"{file} has the fingerprint {conditionals.fingerprint}")
        return conditionals

    def read(self, voice: Voice, key: str) -> bytes:
        """Read one of the voice's files and verify it against the manifest, if there is one.

        Raises ``VoiceCorrupt``, or ``UnknownVoice`` if the voice was deleted meanwhile.
        """
        facts = voice.manifest.files[key.rpartition("/")[2]] if voice.manifest else None
        try:
            data = self.store.read(key, min(facts.size, MOST_BYTES) if facts else MOST_BYTES)
        except FileTooLarge as error:
            what = "is not the published file" if facts else "is too large to be a clip"
            raise VoiceCorrupt(voice.voice_id, f"{key} {what}") from error
        except FileNotFoundError as error:
            if self.version(voice) is None:
                raise UnknownVoice(voice.voice_id) from error
            raise VoiceCorrupt(voice.voice_id, f"{key} is missing") from error
        if facts and file_facts(data) != facts:
            raise VoiceCorrupt(voice.voice_id, f"{key} is not the published file")
        return data

    def check(self, voice: Voice) -> None:
        """Read and verify all files of the voice; raises ``VoiceCorrupt`` for the first damaged one."""
        files = voice.manifest.files if voice.manifest else ()
        for key in [f"{voice.voice_id}/{file}" for file in files] or [voice.reference]:
            self.read(voice, key)

    def each(self, items: Iterable[In], work: Callable[[In], Out]) -> list[Out]:
        """Apply ``work`` to each item, ``store.parallel`` at a time; results keep the order."""
        if self.store.parallel == 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(self.store.parallel) as pool:
            return list(pool.map(work, items))

    def _look(self, voice_id: str) -> tuple[str, Manifest | VoiceCorrupt | None] | None:
        try:
            return voice_id, self.get(voice_id).manifest
        except VoiceCorrupt as error:
            return voice_id, error
        except UnknownVoice:  # deleted since it was listed
            return None

    def _bare_voice(self, voice_id: str) -> Voice:
        if (found := self._bare_clip(voice_id)) is None:
            raise UnknownVoice(voice_id)
        key, version = found
        return Voice(voice_id=voice_id, manifest=None, reference=key, version=version)

    def _bare_clip(self, voice_id: str) -> tuple[str, str] | None:
        """Return the key and version of a clip that lies in the directory without a manifest."""
        for suffix in BARE_CLIP_SUFFIXES:
            if version := self.store.version(key := f"{voice_id}{suffix}"):
                return key, version
        return None


def manifest_key(voice_id: str) -> str:
    """Return the store key of a voice's manifest."""
    return f"{voice_id}/{MANIFEST_FILE}"


def file_facts(data: bytes) -> FileFacts:
    """Return a file's checksum and size, as the manifest records them."""
    return FileFacts(sha256=hashlib.sha256(data).hexdigest(), size=max(len(data), 1))
