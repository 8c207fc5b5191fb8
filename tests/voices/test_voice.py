"""The manifest: what it may say, and that old ones stay readable."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from voices.publication import Publisher
from voices.voice import ClipFacts, FileFacts, Manifest

OLD = {
    "schema_version": 1,
    "voice_id": "anna",
    "name": "Anna",
    "language": "en",
    "labels": {},
    "created_at": "2026-11-01T12:00:00Z",
    "clip": {
        "seconds": 12.0,
        "speech_seconds": 11.0,
        "sample_rate": 24000,
        "loudness_lufs": -27.0,
        "peak_dbfs": -12.0,
        "snr_db": 50.0,
    },
    "files": {"reference.flac": {"sha256": "0" * 64, "size": 1}},
}
"""As the first release wrote it, which refuses a field that it does not know."""


def _manifest(**fields):
    return Manifest(
        voice_id="anna",
        name="Anna",
        created_at=datetime(2026, 11, 1, 12, tzinfo=UTC),
        clip=ClipFacts(**OLD["clip"]),
        files={"reference.flac": FileFacts(sha256="0" * 64, size=1)},
        **fields,
    )


def test_a_manifest_from_before_prompts_had_a_length_has_the_usual_one():
    manifest = Manifest.model_validate_json(json.dumps(OLD))
    assert manifest.prompt_seconds == 10.0
    assert manifest == _manifest()


def test_the_usual_prompt_is_written_as_it_was_before():
    assert json.loads(_manifest().to_json()) == OLD


def test_another_prompt_survives_being_written():
    manifest = _manifest(prompt_seconds=4.5)
    assert json.loads(manifest.to_json()) == OLD | {"prompt_seconds": 4.5}
    assert Manifest.model_validate_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("seconds", [0, 0.99, 10.01, -3, "long", None, float("nan"), float("inf")])
def test_a_prompt_that_cannot_be_is_refused(seconds):
    with pytest.raises(ValidationError):
        Manifest.model_validate(OLD | {"prompt_seconds": seconds})


def test_voices_that_differ_in_their_prompt_are_not_the_same():
    usual, shorter = _manifest(), _manifest(prompt_seconds=5)
    assert not usual.same_content(shorter)
    assert not shorter.speaks_as(usual, "engine-1")
    assert shorter.speaks_as(shorter, "engine-1")


def test_an_old_manifest_in_a_registry_is_a_voice(registry, prepared):
    Publisher(registry).add("anna", prepared)
    path = registry.store.root / "anna" / "voice.json"
    assert "prompt_seconds" not in json.loads(path.read_text())
    assert registry.get("anna").prompt_seconds == 10.0
