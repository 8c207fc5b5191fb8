"""Manifests of new and edited voices: the values that a person chooses, normalised and validated."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from voices.errors import InvalidRequest
from voices.languages import language_tag
from voices.voice import REFERENCE, ClipFacts, FileFacts, Manifest, check_labels

NO_CLIP = ClipFacts(seconds=1, speech_seconds=0, sample_rate=0, loudness_lufs=0, peak_dbfs=0, snr_db=0)
"""Placeholder that lets a manifest be validated before its clip is prepared."""
_NO_FILES = {f"{REFERENCE}.flac": FileFacts(sha256="0" * 64, size=1)}
"""Placeholder that lets a manifest be validated before its files are written."""


def new_manifest(
    voice_id: str,
    clip: ClipFacts,
    *,
    name: str | None,
    language: str,
    labels: Mapping[str, str] | None,
    prompt_seconds: float,
) -> Manifest:
    """Return a manifest whose ``files`` are still a placeholder; raises ``InvalidRequest``."""
    return _validated(
        voice_id=voice_id,
        name=name or voice_id,
        language=language_tag(language),
        labels=dict(labels or {}),
        created_at=datetime.now(UTC).replace(microsecond=0),
        clip=clip,
        prompt_seconds=prompt_seconds,
        files=_NO_FILES,
    )


def changed_manifest(manifest: Manifest, **changes: object) -> Manifest:
    """Return the manifest with some fields changed; raises ``InvalidRequest`` for an invalid value."""
    return _validated(**dict(manifest) | changes)


def _validated(**fields: object) -> Manifest:
    """Make a manifest; raises ``InvalidRequest``, which names the first invalid field."""
    try:
        manifest = Manifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "manifest"
        raise InvalidRequest(f"{field}: {first['msg']}.", field=field) from error
    check_labels(manifest.labels)
    return manifest
