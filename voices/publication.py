"""Publication: changes what a registry holds, so that a reader sees a whole voice or none.

Data is written first and the manifest last; the manifest is removed first and data last. A file
that readers may still be reading is never overwritten: its successor gets another name.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath

from pydantic import ValidationError

from voices.claim import claimed, is_claim
from voices.clips.preparation import PreparedClip
from voices.conditionals import Conditionals
from voices.errors import InvalidRequest, UnknownVoice, VoiceBusy, VoiceExists
from voices.languages import language_tag
from voices.registry import VoiceRegistry, file_facts, manifest_key
from voices.voice import (
    DEFAULT_VOICE_ID,
    LONGEST_PROMPT_SECONDS,
    MANIFEST_FILE,
    REFERENCE,
    ClipFacts,
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
        """Raise unless a voice can be published under ``voice_id``."""
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
        """Raise what ``add`` would, whatever the clip is: ask before long work."""
        self.check_free(voice_id, replace=replace)
        _new_manifest(
            voice_id,
            _NO_CLIP,
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
        """Publish a voice, or with ``dry_run`` only return the manifest that it would have.

        The conditionals must have been computed with ``prompt_seconds``. Raises ``VoiceExists``
        unless ``replace``, and ``InvalidRequest``.
        """
        self.check_free(voice_id, replace=replace)
        manifest = _new_manifest(
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
        """Publish a voice of another registry, or under another id, each file checked on the way.

        Raises ``VoiceCorrupt`` for a damaged one, and ``InvalidRequest`` for a bare clip, and for more
        labels than may be.
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
        """Change what a voice is called, its language, or labels; its clip and conditionals stay.

        None leaves a thing as it is; in ``labels`` it removes the label, if there is one, and labels
        that are not named stay. Raises ``UnknownVoice``, ``VoiceCorrupt``, and ``InvalidRequest`` for
        a bare clip and for a value that cannot be; then nothing is changed.
        """
        self.registry.get(voice_id).published()  # a claim would make a folder for a voice that is not there
        with claimed(self._store, voice_id):
            manifest = self.registry.get(voice_id).published()
            merged = {**manifest.labels, **(labels or {})}
            chosen = {
                "name": name,
                "language": None if language is None else language_tag(language),
                "labels": {key: value for key, value in merged.items() if value is not None},
            }
            changes = {field: value for field, value in chosen.items() if value is not None}
            edited = _described_by(**dict(manifest) | changes)
            return manifest if edited == manifest else self._write(edited, {}, kept=manifest.files)

    def add_conditionals(self, voice_id: str, conditionals: Conditionals, version: str) -> Manifest:
        """Add what was computed for another fingerprint to a voice that is still of ``version``.

        Raises ``UnknownVoice``, ``VoiceCorrupt``, and ``VoiceBusy`` where the voice was published
        anew meanwhile: the conditionals are of another clip, or of another prompt.
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
        """Give a voice that is still of ``version`` another prompt, computed for one fingerprint.

        In one step with its length, so that no reader takes one for the other. The files of other
        fingerprints hold the old prompt and are removed: whoever needs one computes it again.
        Raises as ``add_conditionals`` does, and ``InvalidRequest`` for a length that cannot be.
        """
        with claimed(self._store, voice_id):
            manifest = self._unchanged(voice_id, version)
            changed = _described_by(**dict(manifest) | {"prompt_seconds": prompt_seconds})
            data = {_conditionals_name(conditionals.fingerprint): conditionals.to_bytes()}
            kept = {manifest.reference_file: manifest.files[manifest.reference_file]}
            return self._write(changed, data, kept)

    def drop_conditionals(self, voice_id: str, fingerprints: Iterable[str]) -> Manifest:
        """Remove the conditionals for some fingerprints; what is not there is passed over."""
        stems = {conditionals_stem(fingerprint) for fingerprint in fingerprints}
        with claimed(self._store, voice_id):
            manifest = self.registry.get(voice_id).published()
            kept = {file: facts for file, facts in manifest.files.items() if file_stem(file) not in stems}
            return self._write(manifest, {}, kept)

    def delete(self, voice_id: str) -> None:
        """Remove a voice, damaged or not; raises ``UnknownVoice`` when there is none."""
        if not self.registry.has(voice_id):
            raise UnknownVoice(voice_id)
        if not self.registry.exists(voice_id):
            self._store.delete(self.registry.get(voice_id).reference)
            return
        with claimed(self._store, voice_id):
            self._store.delete(manifest_key(voice_id))
            self.sweep(voice_id, keep=())

    def sweep(self, voice_id: str, keep: Iterable[str]) -> None:
        """Remove every file of a voice's folder but those, the manifest and claims."""
        for file in self._store.files(voice_id):
            if file not in keep and file != MANIFEST_FILE and not is_claim(file):
                self._store.delete(f"{voice_id}/{file}")

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest: from now on the voice is what it says."""
        self._store.write(manifest_key(manifest.voice_id), manifest.to_json())

    def _unchanged(self, voice_id: str, version: str) -> Manifest:
        voice = self.registry.get(voice_id)
        if voice.manifest is None or voice.version != version:
            raise VoiceBusy(voice_id, "Someone else")
        return voice.manifest

    def _publish(self, manifest: Manifest, data: Mapping[str, bytes], *, replace: bool) -> Manifest:
        with claimed(self._store, manifest.voice_id):
            self.check_free(manifest.voice_id, replace=replace)  # again: nobody else from here on
            return self._write(manifest, data, kept={})

    def _write(
        self, manifest: Manifest, data: Mapping[str, bytes], kept: Mapping[str, FileFacts]
    ) -> Manifest:
        """Write new data beside what is there, then the manifest, then clean up."""
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


_PLACEHOLDER = {f"{REFERENCE}.flac": FileFacts(sha256="0" * 64, size=1)}
"""Stands for the files until they are written: what a person chose is checked before that."""
_NO_CLIP = ClipFacts(seconds=1, speech_seconds=0, sample_rate=0, loudness_lufs=0, peak_dbfs=0, snr_db=0)
"""Stands for the clip until it is prepared."""


def _new_manifest(
    voice_id: str,
    clip: ClipFacts,
    *,
    name: str | None,
    language: str,
    labels: Mapping[str, str] | None,
    prompt_seconds: float,
) -> Manifest:
    return _described_by(
        voice_id=voice_id,
        name=name or voice_id,
        language=language_tag(language),
        labels=dict(labels or {}),
        created_at=datetime.now(UTC).replace(microsecond=0),
        clip=clip,
        prompt_seconds=prompt_seconds,
        files=_PLACEHOLDER,
    )


def _described_by(**fields: object) -> Manifest:
    """Make a manifest; raises ``InvalidRequest`` naming the field that cannot be."""
    try:
        manifest = Manifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "manifest"
        raise InvalidRequest(f"{field}: {first['msg']}.", field=field) from error
    check_labels(manifest.labels)
    return manifest


def _conditionals_name(fingerprint: str) -> str:
    return f"{conditionals_stem(fingerprint)}.safetensors"


def _free_name(plain_name: str, facts: FileFacts, taken: set[str]) -> str:
    """Return the plain name, or where a file of that name is there, one that only this content has."""
    if plain_name not in taken:
        return plain_name
    path = PurePath(plain_name)
    return f"{path.stem}.{facts.sha256[:8]}{path.suffix}"
