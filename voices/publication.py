"""Publication: changes a registry so that a reader sees a complete voice or none.

Data files are written first and the manifest last; the manifest is removed first and data files last. A
file that readers may still be reading is never overwritten: its successor gets another name.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from voices.claim import claimed, is_claim
from voices.clips.preparation import PreparedClip
from voices.conditionals import Conditionals
from voices.errors import InvalidRequest, UnknownVoice, VoiceBusy, VoiceExists
from voices.languages import language_tag
from voices.manifests import NO_CLIP, changed_manifest, new_manifest
from voices.registry import VoiceRegistry, file_facts, manifest_key
from voices.voice import (
    DEFAULT_VOICE_ID,
    LONGEST_PROMPT_SECONDS,
    MANIFEST_FILE,
    REFERENCE,
    FileFacts,
    Manifest,
    Voice,
    check_labels,
    check_voice_id,
    conditionals_stem,
    file_stem,
)


class Publisher:
    """Writes to one registry. Every method raises ``VoiceBusy`` and ``StoreFailure``."""

    def __init__(self, registry: VoiceRegistry) -> None:
        self.registry = registry
        self._store = registry.store

    def check_free(self, voice_id: str, *, replace: bool = False) -> None:
        """Raise ``InvalidRequest`` or ``VoiceExists`` unless ``voice_id`` is free."""
        check_voice_id(voice_id)
        if voice_id == DEFAULT_VOICE_ID:
            raise InvalidRequest(
                f"{DEFAULT_VOICE_ID!r} is the engine's built-in voice: choose another id.", field="voice_id"
            )
        if not replace and self.registry.exists(voice_id):
            raise VoiceExists(voice_id)

    def check(
        self,
        voice_id: str,
        *,
        name: str | None = None,
        language: str = "en",
        labels: Mapping[str, str] | None = None,
        prompt_seconds: float = LONGEST_PROMPT_SECONDS,
        replace: bool = False,
    ) -> None:
        """Raise the errors of ``add`` that do not depend on the clip; call it before long work."""
        self.check_free(voice_id, replace=replace)
        new_manifest(
            voice_id,
            NO_CLIP,
            name=name,
            language=language,
            labels=labels,
            prompt_seconds=prompt_seconds,
        )

    def add(
        self,
        voice_id: str,
        prepared: PreparedClip,
        conditionals: Iterable[Conditionals] = (),
        *,
        name: str | None = None,
        language: str = "en",
        labels: Mapping[str, str] | None = None,
        prompt_seconds: float = LONGEST_PROMPT_SECONDS,
        replace: bool = False,
        dry_run: bool = False,
    ) -> Manifest:
        """Publish a voice and return its manifest; ``dry_run`` writes nothing.

        The conditionals must be computed with ``prompt_seconds``. Raises ``VoiceExists`` unless
        ``replace``, and ``InvalidRequest``.
        """
        self.check_free(voice_id, replace=replace)
        manifest = new_manifest(
            voice_id,
            prepared.facts,
            name=name,
            language=language,
            labels=labels,
            prompt_seconds=prompt_seconds,
        )
        data = {f"{REFERENCE}.flac": prepared.clip.to_flac()}
        data |= {_conditionals_name(each.fingerprint): each.to_bytes() for each in conditionals}
        if dry_run:
            return manifest.model_copy(update={"files": {file: file_facts(data[file]) for file in data}})
        return self._publish(manifest, data, replace=replace)

    def copy(
        self, source: VoiceRegistry, voice: Voice, voice_id: str | None = None, *, replace: bool = False
    ) -> Manifest:
        """Publish a voice of any registry, optionally under another id; every file is verified.

        Raises ``VoiceCorrupt`` for a damaged voice, and ``InvalidRequest`` for a bare clip or for too
        many labels.
        """
        manifest = voice.published()
        check_labels(manifest.labels)
        new_id = voice_id or voice.voice_id
        self.check_free(new_id, replace=replace)
        data = {
            f"{file_stem(file)}{PurePath(file).suffix}": source.read(voice, f"{voice.voice_id}/{file}")
            for file in manifest.files
        }
        manifest = manifest.model_copy(update={"voice_id": new_id})
        return self._publish(manifest, data, replace=replace)

    def rename(self, voice_id: str, new_id: str) -> Manifest:
        """Give a voice another id; raises ``VoiceExists``, ``UnknownVoice``, ``VoiceCorrupt``."""
        manifest = self.copy(self.registry, self.registry.get(voice_id), new_id)
        self.delete(voice_id)
        return manifest

    def edit(
        self,
        voice_id: str,
        *,
        name: str | None = None,
        language: str | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> Manifest:
        """Change a voice's name, language or labels; its clip and conditionals stay.

        None keeps a field. ``labels`` is merged into the voice's labels; a value of None removes that
        label. Raises ``UnknownVoice``, ``VoiceCorrupt``, and ``InvalidRequest`` for a bare clip or an
        invalid value; nothing is changed then.
        """
        self.registry.get(voice_id).published()  # a claim would create the folder of an unknown voice
        with claimed(self._store, voice_id):
            manifest = self.registry.get(voice_id).published()
            merged = {**manifest.labels, **(labels or {})}
            chosen = {
                "name": name,
                "language": None if language is None else language_tag(language),
                "labels": {key: value for key, value in merged.items() if value is not None},
            }
            changes = {field: value for field, value in chosen.items() if value is not None}
            edited = changed_manifest(manifest, **changes)
            return manifest if edited == manifest else self._write(edited, {}, kept=manifest.files)

    def add_conditionals(self, voice_id: str, conditionals: Conditionals, version: str) -> Manifest:
        """Add the conditionals for one fingerprint to a voice whose version is still ``version``.

        Raises ``UnknownVoice``, ``VoiceCorrupt``, and ``VoiceBusy`` if the voice was republished
        meanwhile, so that the conditionals belong to another clip or another prompt length.
        """
        with claimed(self._store, voice_id):
            manifest = self._unchanged(voice_id, version)
            file, data = _conditionals_name(conditionals.fingerprint), conditionals.to_bytes()
            kept = {
                name: facts for name, facts in manifest.files.items() if file_stem(name) != file_stem(file)
            }
            return self._write(manifest, {file: data}, kept)

    def change_prompt(
        self, voice_id: str, prompt_seconds: float, conditionals: Conditionals, version: str
    ) -> Manifest:
        """Change the prompt length of a voice whose version is still ``version``.

        The length and ``conditionals`` change together, so that no reader mixes old and new. The
        conditionals for other fingerprints have the old length and are removed; they are recomputed on
        demand. Raises like ``add_conditionals``, and ``InvalidRequest`` for an invalid length.
        """
        with claimed(self._store, voice_id):
            manifest = self._unchanged(voice_id, version)
            changed = changed_manifest(manifest, prompt_seconds=prompt_seconds)
            data = {_conditionals_name(conditionals.fingerprint): conditionals.to_bytes()}
            kept = {manifest.reference_file: manifest.files[manifest.reference_file]}
            return self._write(changed, data, kept)

    def drop_conditionals(self, voice_id: str, fingerprints: Iterable[str]) -> Manifest:
        """Remove the conditionals for some fingerprints; missing ones are ignored."""
        stems = {conditionals_stem(fingerprint) for fingerprint in fingerprints}
        with claimed(self._store, voice_id):
            manifest = self.registry.get(voice_id).published()
            kept = {file: facts for file, facts in manifest.files.items() if file_stem(file) not in stems}
            return self._write(manifest, {}, kept)

    def delete(self, voice_id: str) -> None:
        """Remove a voice, damaged or not; raises ``UnknownVoice`` if it does not exist."""
        if not self.registry.has(voice_id):
            raise UnknownVoice(voice_id)
        if not self.registry.exists(voice_id):
            self._store.delete(self.registry.get(voice_id).reference)
            return
        with claimed(self._store, voice_id):
            self._store.delete(manifest_key(voice_id))
            self.sweep(voice_id, keep=())

    def sweep(self, voice_id: str, keep: Iterable[str]) -> None:
        """Remove all files of a voice's folder except ``keep``, the manifest and claims."""
        for file in self._store.files(voice_id):
            if file not in keep and file != MANIFEST_FILE and not is_claim(file):
                self._store.delete(f"{voice_id}/{file}")

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest, which publishes the voice."""
        self._store.write(manifest_key(manifest.voice_id), manifest.to_json())

    def _unchanged(self, voice_id: str, version: str) -> Manifest:
        voice = self.registry.get(voice_id)
        if voice.manifest is None or voice.version != version:
            raise VoiceBusy(voice_id, "Another writer")
        return voice.manifest

    def _publish(self, manifest: Manifest, data: Mapping[str, bytes], *, replace: bool) -> Manifest:
        with claimed(self._store, manifest.voice_id):
            self.check_free(manifest.voice_id, replace=replace)  # again, now that the claim is held
            return self._write(manifest, data, kept={})

    def _write(
        self, manifest: Manifest, data: Mapping[str, bytes], kept: Mapping[str, FileFacts]
    ) -> Manifest:
        """Write the new files under free names, then the manifest, then remove the old files."""
        taken = set(self._store.files(manifest.voice_id))
        files = dict(kept)
        for plain_name, content in data.items():
            facts = file_facts(content)
            file = _free_name(plain_name, facts, taken)
            self._store.write(f"{manifest.voice_id}/{file}", content)
            files[file] = facts
        manifest = manifest.model_copy(update={"files": files})
        self.write_manifest(manifest)
        self.sweep(manifest.voice_id, keep=files)
        return manifest


def _conditionals_name(fingerprint: str) -> str:
    return f"{conditionals_stem(fingerprint)}.safetensors"


def _free_name(plain_name: str, facts: FileFacts, taken: set[str]) -> str:
    """Return the plain name, or if it is taken, one with this content's checksum."""
    if plain_name not in taken:
        return plain_name
    path = PurePath(plain_name)
    return f"{path.stem}.{facts.sha256[:8]}{path.suffix}"
