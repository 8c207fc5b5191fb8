"""The voice cache: read once, seen when changed, bounded in bytes."""

import numpy as np
import pytest

from voices.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import UnknownVoice, VoiceCorrupt
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.engine.preview import PreviewEngine
from worker.voice_cache import VoiceCache


@pytest.fixture(scope="module")
def engine():
    return PreviewEngine()


@pytest.fixture
def cache(registry, engine):
    return VoiceCache(VoiceLibrary([registry]), engine, max_bytes=1 << 20)


def _conditionals(pitch: float) -> Conditionals:
    return Conditionals(
        PreviewEngine.fingerprint,
        {"pitch_hz": np.array([pitch], np.float32), "syllables_per_second": np.array([4.0], np.float32)},
    )


def test_a_precomputed_voice_is_read_once(registry, cache, prepared):
    Publisher(registry).add("anna", prepared, [_conditionals(100)], language="de")
    first, second = cache.get("anna"), cache.get("anna")
    assert (first.source, second.source) == ("miss", "hit")
    assert second.conditionals is first.conditionals
    assert first.language == "de"


def test_missing_conditionals_are_computed_from_the_reference(registry, cache, engine, prepared):
    Publisher(registry).add("anna", prepared)
    loaded = cache.get("anna")
    assert loaded.source == "computed"
    assert loaded.conditionals.tensors == engine.prepare(prepared.clip).tensors


def test_a_bare_clip_is_prepared_and_spoken(registry, cache, speech):
    registry.store.write("dora.flac", speech.to_flac())
    assert cache.get("dora").source == "computed"


def test_a_bare_clip_that_cannot_be_used_is_refused(registry, cache):
    registry.store.write("dora.flac", Clip(np.zeros(24_000, np.float32)).to_flac())
    with pytest.raises(VoiceCorrupt, match="silent"):
        cache.get("dora")


def test_a_voice_published_anew_is_noticed(registry, cache, prepared):
    Publisher(registry).add("anna", prepared, [_conditionals(100)])
    cache.get("anna")
    Publisher(registry).add("anna", prepared, [_conditionals(200)], replace=True)
    assert cache.get("anna").conditionals.tensors["pitch_hz"] == [200]


def test_a_deleted_voice_is_noticed(registry, cache, prepared):
    Publisher(registry).add("anna", prepared, [_conditionals(100)])
    cache.get("anna")
    Publisher(registry).delete("anna")
    with pytest.raises(UnknownVoice):
        cache.get("anna")
    assert len(cache) == 0


def test_the_built_in_voice_needs_no_registry(cache):
    assert cache.get("default").source == "hit"


def test_the_least_recently_used_voice_leaves_first(registry, engine, prepared):
    cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=2 * _conditionals(1).nbytes)
    for voice_id in ("a", "b", "c"):
        Publisher(registry).add(voice_id, prepared, [_conditionals(100)])
    sources = [cache.get(voice_id).source for voice_id in ("a", "b", "a", "c", "a", "b")]
    assert sources == ["miss", "miss", "hit", "miss", "hit", "miss"]
    assert len(cache) == 2


def test_a_voice_replaced_while_it_is_read_is_read_again(registry, cache, prepared, monkeypatch):
    Publisher(registry).add("anna", prepared, [_conditionals(100)])
    get = registry.get

    def replaced_after_the_look(voice_id):
        voice = get(voice_id)
        if voice.manifest.language == "en":
            Publisher(registry).add("anna", prepared, [_conditionals(200)], language="fr", replace=True)
        return voice

    monkeypatch.setattr(registry, "get", replaced_after_the_look)
    assert cache.get("anna").conditionals.tensors["pitch_hz"] == [200]


def test_a_damaged_voice_stays_refused(registry, cache, prepared):
    Publisher(registry).add("anna", prepared, [_conditionals(100)])
    (registry.store.root / "anna" / "conditionals-preview-1.safetensors").write_bytes(b"x")
    for _ in range(2):
        with pytest.raises(VoiceCorrupt):
            cache.get("anna")
