"""The registry: a whole voice or none, and nothing that was not published."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import (
    ChatterpodError,
    InvalidVoiceId,
    UnknownVoice,
    VoiceCorrupt,
)
from voices.publication import Publisher

CONDITIONALS = Conditionals("engine-1", {"pitch": np.array([1.0], np.float32)})


@pytest.fixture
def anna(registry, prepared):
    Publisher(registry).add("anna", prepared, [CONDITIONALS], name="Anna", labels={"mood": "calm"})
    return registry.get("anna")


def _path(registry, key):
    return registry.store.root / key


def test_a_published_voice_is_found_with_all_its_parts(registry, anna, prepared):
    assert registry.ids() == ["anna"]
    assert anna.manifest.name == "Anna"
    assert anna.manifest.labels == {"mood": "calm"}
    assert anna.manifest.fingerprints == ["engine-1"]
    assert np.array_equal(registry.reference(anna).samples, prepared.clip.samples)
    assert registry.conditionals(anna, "engine-1").tensors["pitch"] == [1.0]
    assert registry.conditionals(anna, "engine-2") is None


def test_a_deleted_voice_is_unknown(registry, anna):
    Publisher(registry).delete("anna")
    assert registry.ids() == []
    assert not _path(registry, "anna").exists()
    for attempt in (registry.get, Publisher(registry).delete):
        with pytest.raises(UnknownVoice, match="voices add anna"):
            attempt("anna")


@pytest.mark.parametrize("voice_id", ["../../etc/passwd", "", "Anna", "a b", "a/b", ".", "-a", "a" * 65, "ä"])
def test_an_id_that_is_none_is_refused(registry, voice_id):
    with pytest.raises(InvalidVoiceId):
        registry.get(voice_id)


def test_a_bare_clip_is_a_voice(registry, speech):
    registry.store.write("dora.flac", speech.to_flac())
    assert registry.ids() == ["dora"]
    voice = registry.get("dora")
    assert voice.manifest is None
    assert registry.reference(voice).seconds == pytest.approx(speech.seconds, abs=0.01)
    Publisher(registry).delete("dora")
    assert registry.ids() == []


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"schema_version": 2}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_manifest_is_refused_and_can_be_replaced(registry, anna, prepared, manifest):
    _path(registry, "anna/voice.json").write_bytes(manifest)
    assert registry.ids() == ["anna"]
    with pytest.raises(VoiceCorrupt, match="not a manifest"):
        registry.get("anna")
    Publisher(registry).add("anna", prepared, replace=True)
    registry.check(registry.get("anna"))


def test_a_manifest_cannot_name_files_elsewhere(registry, anna):
    path = _path(registry, "anna/voice.json")
    manifest = json.loads(path.read_text())
    manifest["files"]["../bob/reference.flac"] = manifest["files"]["reference.flac"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(VoiceCorrupt):
        registry.get("anna")


def test_another_voices_manifest_is_refused(registry, anna):
    registry.store.write("bob/voice.json", registry.store.read("anna/voice.json"))
    with pytest.raises(VoiceCorrupt, match="another voice"):
        registry.get("bob")


@pytest.mark.parametrize("file", ["reference.flac", "conditionals-engine-1.safetensors"])
def test_a_changed_file_is_refused(registry, anna, file):
    path = _path(registry, f"anna/{file}")
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(VoiceCorrupt, match="not the published file"):
        registry.check(anna)


def test_a_missing_file_is_refused(registry, anna):
    _path(registry, "anna/reference.flac").unlink()
    with pytest.raises(VoiceCorrupt, match="missing"):
        registry.reference(anna)


def test_conditionals_of_another_fingerprint_are_refused(registry, prepared):
    swapped = Conditionals("engine-2", CONDITIONALS.tensors)
    object.__setattr__(swapped, "fingerprint", "engine-3")
    Publisher(registry).add("carl", prepared, [swapped])
    manifest = json.loads(registry.store.read("carl/voice.json"))
    manifest["files"]["conditionals-engine-1.safetensors"] = manifest["files"].pop(
        "conditionals-engine-3.safetensors"
    )
    registry.store.write("carl/conditionals-engine-1.safetensors", swapped.to_bytes())
    registry.store.write("carl/voice.json", json.dumps(manifest).encode())
    with pytest.raises(VoiceCorrupt, match="fingerprint engine-3"):
        registry.conditionals(registry.get("carl"), "engine-1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(voice_id=st.text(max_size=70), manifest=st.binary(max_size=200))
def test_whatever_lies_in_the_directory_a_scan_and_a_look_survive(registry, voice_id, manifest):
    root = registry.store.root
    (root / "odd").mkdir(parents=True, exist_ok=True)
    (root / "odd" / "voice.json").write_bytes(manifest)
    (root / ".hidden").mkdir(exist_ok=True)
    (root / "a file").write_bytes(manifest)
    assert registry.ids() == ["odd"]
    for name in ("odd", voice_id):
        with pytest.raises(ChatterpodError):
            registry.get(name)


def test_a_manifest_of_a_gigabyte_is_damage_and_is_not_read_whole(registry, anna):
    with _path(registry, "anna/voice.json").open("r+b") as manifest:
        manifest.truncate(1 << 30)
    tracemalloc.start()
    with pytest.raises(VoiceCorrupt, match="too large"):
        registry.get("anna")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("file", ["reference.flac", "conditionals-engine-1.safetensors"])
def test_a_file_that_has_grown_to_a_terabyte_is_damage_too(registry, anna, file):
    with _path(registry, f"anna/{file}").open("r+b") as grown:
        grown.truncate(1 << 40)
    with pytest.raises(VoiceCorrupt, match="not the published file"):
        registry.check(anna)


@pytest.mark.parametrize("samples", [0, 1, 10, 20_000])
def test_a_reference_clip_without_sound_is_damage(registry, anna, samples):
    with pytest.raises(VoiceCorrupt, match=r"is not audio|has only 0\.\d+ s"):
        registry.decoded(anna, Clip(np.zeros(samples, np.float32)).to_flac())
