"""Verification: checks every file of a registry against its manifest and repairs the differences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from voices.claim import is_claim, live_writer
from voices.clips.decoding import decode_clip
from voices.clips.preparation import clip_facts
from voices.errors import InvalidClip, UnknownVoice, VoiceCorrupt
from voices.publication import Publisher
from voices.registry import VoiceRegistry, file_facts, manifest_key
from voices.stores.store import FileTooLarge
from voices.voice import MANIFEST_FILE, REFERENCE, VOICE_ID, Manifest, Voice, file_stem

Code = Literal[
    "damaged_manifest",
    "damaged_reference",
    "damaged_conditionals",
    "leftover_file",
    "interrupted_claim",
    "empty_folder",
]


@dataclass(frozen=True)
class Problem:
    """An inconsistency in a registry."""

    voice_id: str
    code: Code
    what: str
    repair: str
    """The effect of ``mend``, for people."""
    mend: Callable[[], None]


class Verifier:
    """Finds a registry's problems; skips a voice while another writer is changing it."""

    def __init__(self, registry: VoiceRegistry) -> None:
        self._registry = registry
        self._store = registry.store
        self._publisher = Publisher(registry)

    def folders(self) -> list[str]:
        """List the folders to verify."""
        return [name for name in self._store.names() if VOICE_ID.fullmatch(name)]

    def problems(self, folder: str) -> Iterator[Problem]:
        """Yield the problems of one voice's folder; reads all its files."""
        files = self._store.files(folder)
        claims = [file for file in files if is_claim(file)]
        if any(live_writer(self._store, folder, claim) for claim in claims):
            return
        if not files:
            yield Problem(
                folder, "empty_folder", "an empty folder", "removed", lambda: self._store.prune(folder)
            )
        for claim in claims:
            yield self._removable(folder, claim, "interrupted_claim", "a change was interrupted")
        yield from self._voice_problems(folder, [file for file in files if file not in claims])

    def _voice_problems(self, folder: str, files: list[str]) -> Iterator[Problem]:
        try:
            voice = self._registry.get(folder)
        except VoiceCorrupt as error:
            yield self._damaged_manifest(folder, error.message)
            return
        except UnknownVoice:
            voice = None
        manifest = voice.manifest if voice else None
        named = set(manifest.files) | {MANIFEST_FILE} if manifest else set()
        for file in files:
            if file not in named:
                yield self._removable(folder, file, "leftover_file", "no manifest names it")
        if voice is not None and manifest is not None:
            yield from self._damaged_files(voice, manifest)

    def _damaged_files(self, voice: Voice, manifest: Manifest) -> Iterator[Problem]:
        for file in manifest.files:
            try:
                self._registry.read(voice, f"{voice.voice_id}/{file}")
            except VoiceCorrupt as error:
                if file_stem(file) == REFERENCE:
                    yield self._damaged_reference(voice.voice_id, error.what)
                else:
                    yield self._damaged_conditionals(voice.voice_id, file, error.what)

    def _removable(self, folder: str, file: str, code: Code, why: str) -> Problem:
        return Problem(
            folder, code, f"{file}: {why}", "removed", lambda: self._store.delete(f"{folder}/{file}")
        )

    def _damaged_reference(self, voice_id: str, what: str) -> Problem:
        return Problem(
            voice_id,
            "damaged_reference",
            what,
            "the voice is removed: add it again",
            lambda: self._publisher.delete(voice_id),
        )

    def _damaged_conditionals(self, voice_id: str, file: str, what: str) -> Problem:
        fingerprint = file_stem(file).removeprefix("conditionals-")
        return Problem(
            voice_id,
            "damaged_conditionals",
            what,
            "removed: the worker computes them again",
            lambda: _discard(self._publisher.drop_conditionals(voice_id, [fingerprint])),
        )

    def _damaged_manifest(self, folder: str, what: str) -> Problem:
        rebuilt = self._rebuilt_manifest(folder)
        if rebuilt is None:
            return Problem(
                folder,
                "damaged_manifest",
                what,
                "the voice is removed: add it again",
                lambda: self._publisher.delete(folder),
            )
        return Problem(
            folder,
            "damaged_manifest",
            what,
            "rebuilt from the reference clip; the name, labels and prompt length are lost",
            lambda: self._rewrite(rebuilt),
        )

    def _rebuilt_manifest(self, folder: str) -> Manifest | None:
        """Build a manifest from the folder's only reference clip; None if it cannot be decoded."""
        references = [file for file in self._store.files(folder) if file_stem(file) == REFERENCE]
        if len(references) != 1:
            return None
        try:
            data = self._store.read(f"{folder}/{references[0]}")
            facts = clip_facts(decode_clip(data))
            return Manifest(
                voice_id=folder,
                name=folder,
                created_at=datetime.now(UTC).replace(microsecond=0),
                clip=facts,
                files={references[0]: file_facts(data)},
            )
        except (InvalidClip, ValueError, FileNotFoundError, FileTooLarge):
            return None

    def _rewrite(self, manifest: Manifest) -> None:
        self._store.delete(manifest_key(manifest.voice_id))
        self._publisher.sweep(manifest.voice_id, keep=manifest.files)
        self._publisher.write_manifest(manifest)


def _discard(_: object) -> None:
    """Discard a call's result."""
