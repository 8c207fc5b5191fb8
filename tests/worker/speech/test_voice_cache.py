"""The voice cache: read once, seen when changed, bounded in bytes."""

import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from subprocess import PIPE

import numpy as np
import pytest
from scripted_engine import ScriptedEngine

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import StoreFailure, UnknownVoice, VoiceCorrupt
from voices.library import VoiceLibrary
from voices.publication import Publisher
from worker.engine.preview.engine import PreviewEngine
from worker.speech.voice_cache import VoiceCache


@pytest.fixture(scope="module")
def engine():
    return PreviewEngine()


@pytest.fixture
def cache(registry, engine):
    cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=1 << 20)
    yield cache
    cache.close()


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


def test_what_was_computed_is_written_back_and_the_next_worker_reads_it(registry, cache, engine, prepared):
    Publisher(registry).add("anna", prepared, name="Anna")
    computed = cache.get("anna")
    cache.settle()
    voice = registry.get("anna")
    assert voice.manifest.fingerprints == [engine.fingerprint]
    assert voice.manifest.name == "Anna"
    registry.check(voice)
    assert cache.get("anna").source == "hit"
    next_worker = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=1 << 20)
    loaded = next_worker.get("anna")
    assert loaded.source == "miss"
    assert loaded.conditionals.tensors == computed.conditionals.tensors


WRITE_BACK = """
import sys
from pathlib import Path
from voices.library import VoiceLibrary
from worker.engine.preview.engine import PreviewEngine
from worker.speech.voice_cache import VoiceCache

cache = VoiceCache(VoiceLibrary.at(Path(sys.argv[1])), PreviewEngine(), 1 << 20)
print("ready", flush=True)
sys.stdin.readline()
assert cache.get("anna").source == "computed"
cache.close()
"""


def test_two_workers_that_write_one_voice_back_at_once_leave_it_whole(registry, engine, prepared):
    Publisher(registry).add("anna", prepared, name="Anna")
    command = [sys.executable, "-c", WRITE_BACK, str(registry.store.root)]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True))
            for _ in range(2)
        ]
        assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        assert [worker.wait(120) for worker in workers] == [0, 0]
    voice = registry.get("anna")
    registry.check(voice)
    assert voice.manifest.name == "Anna"
    stored = registry.conditionals(voice, engine.fingerprint)
    assert stored is None or stored.tensors == engine.prepare(prepared.clip).tensors
    left = [
        file for file in registry.store.files("anna") if file not in {"voice.json", *voice.manifest.files}
    ]
    assert left == []


def test_writing_back_can_be_switched_off(registry, engine, prepared):
    Publisher(registry).add("anna", prepared)
    cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=1 << 20, write_back=False)
    cache.get("anna")
    cache.close()
    assert registry.get("anna").manifest.fingerprints == []


def test_a_volume_that_cannot_be_written_is_fine(registry, cache, prepared, monkeypatch):
    Publisher(registry).add("anna", prepared)

    def refuse(key, data):
        raise StoreFailure("Could not write: read-only file system.")

    monkeypatch.setattr(registry.store, "write", refuse)
    assert cache.get("anna").source == "computed"
    cache.settle()
    assert cache.get("anna").source == "hit"
    assert registry.get("anna").manifest.fingerprints == []


def test_a_voice_that_appears_in_an_earlier_directory_is_noticed(tmp_path, engine, prepared):
    library = VoiceLibrary.at(tmp_path / "first", tmp_path / "second")
    first, second = library.registries
    cache = VoiceCache(library, engine, max_bytes=1 << 20)
    Publisher(second).add("anna", prepared, [_conditionals(200)])
    assert cache.get("anna").conditionals.tensors["pitch_hz"] == [200]
    Publisher(first).add("anna", prepared, [_conditionals(100)])
    assert cache.get("anna").conditionals.tensors["pitch_hz"] == [100]
    Publisher(first).delete("anna")
    assert cache.get("anna").conditionals.tensors["pitch_hz"] == [200]
    cache.close()


def test_a_new_language_is_taken_without_loading_anew(registry, cache, prepared):
    Publisher(registry).add("anna", prepared, [_conditionals(100)])
    cache.get("anna")
    manifest = registry.get("anna").manifest.model_copy(update={"language": "fr"})
    Publisher(registry).write_manifest(manifest)
    loaded = cache.get("anna")
    assert (loaded.source, loaded.language) == ("hit", "fr")


class TestPromptLength:
    """The scripted engine's conditionals say with which prompt they were computed."""

    @pytest.fixture
    def engine(self):
        return ScriptedEngine()

    @pytest.mark.parametrize("seconds", [4.0, 10.0])
    def test_what_a_worker_computes_has_the_manifests_prompt(self, registry, cache, prepared, seconds):
        Publisher(registry).add("anna", prepared, prompt_seconds=seconds)
        assert cache.get("anna").conditionals.tensors["prompt"] == [seconds]
        cache.settle()
        stored = registry.conditionals(registry.get("anna"), ScriptedEngine.fingerprint)
        assert stored.tensors["prompt"] == [seconds]

    def test_a_prompt_changed_under_a_running_worker_is_noticed(self, registry, cache, engine, prepared):
        Publisher(registry).add("anna", prepared, [engine.prepare(prepared.clip)])
        assert cache.get("anna").conditionals.tensors["prompt"] == [10]
        shorter = engine.prepare(prepared.clip, 3.0)
        Publisher(registry).change_prompt("anna", 3.0, shorter, registry.get("anna").version)
        loaded = cache.get("anna")
        assert (loaded.source, loaded.conditionals.tensors["prompt"]) == ("miss", [3])

    def test_so_it_is_where_the_worker_had_computed_the_old_one_itself(self, registry, engine, prepared):
        cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=1 << 20, write_back=False)
        for seconds in (10.0, 5.0):
            Publisher(registry).add("anna", prepared, prompt_seconds=seconds, replace=True)
            loaded = cache.get("anna")
            assert (loaded.source, loaded.conditionals.tensors["prompt"]) == ("computed", [seconds])
        cache.close()

    def test_a_prompt_changed_while_the_old_one_is_computed_is_not_overwritten(
        self, registry, cache, engine, prepared, monkeypatch
    ):
        Publisher(registry).add("anna", prepared)
        prepare = engine.prepare

        def changed_meanwhile(clip, seconds):
            Publisher(registry).change_prompt("anna", 2.0, prepare(clip, 2.0), registry.get("anna").version)
            return prepare(clip, seconds)

        monkeypatch.setattr(engine, "prepare", changed_meanwhile)
        cache.get("anna")
        cache.settle()
        stored = registry.conditionals(registry.get("anna"), ScriptedEngine.fingerprint)
        assert stored.tensors["prompt"] == [2]
        assert cache.get("anna").conditionals.tensors["prompt"] == [2]

    def test_a_bare_clip_has_the_usual_prompt(self, registry, cache, speech):
        registry.store.write("dora.flac", speech.to_flac())
        assert cache.get("dora").conditionals.tensors["prompt"] == [10]


@pytest.mark.slow
def test_a_thousand_voices_cycle_through_a_small_cache_in_flat_memory(registry, engine, prepared):
    published = _publish_many(registry, prepared, 1000)
    cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=20 * _conditionals(1).nbytes)
    tracemalloc.start()
    sizes = []
    for _ in range(4):
        for voice_id in published:
            assert cache.get(voice_id).source == "miss"
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(cache) == 20
    assert cache.kept_bytes == 20 * _conditionals(1).nbytes
    # The first round fills what is kept for good. Whatever a load leaves behind grows each round after it:
    # 20 bytes a load is less than any object.
    assert min(np.diff(sizes[1:])) < 20_000
    cache.close()


def test_ten_thousand_voices_are_scanned_without_reading_a_manifest(registry, prepared, monkeypatch):
    published = _publish_many(registry, prepared, 10_000)
    monkeypatch.setattr(registry.store, "read", None)
    assert registry.ids() == published


def _publish_many(registry, prepared, count):
    """Publish one voice and link its files under many ids, each manifest its own."""
    Publisher(registry).add("voice-00000", prepared, [_conditionals(100)])
    root = registry.store.root
    template = (root / "voice-00000" / "voice.json").read_text()
    ids = [f"voice-{number:05}" for number in range(count)]
    for voice_id in ids[1:]:
        folder = root / voice_id
        folder.mkdir()
        for file in ("reference.flac", "conditionals-preview-1.safetensors"):
            (folder / file).hardlink_to(root / "voice-00000" / file)
        (folder / "voice.json").write_text(template.replace("voice-00000", voice_id))
    return ids


def test_however_many_threads_ask_at_once_a_voice_is_computed_once(registry, prepared):
    class CountingEngine(PreviewEngine):
        prepared = 0

        def prepare(self, clip, prompt_seconds):
            CountingEngine.prepared += 1
            time.sleep(0.05)
            return super().prepare(clip, prompt_seconds)

    Publisher(registry).add("anna", prepared)
    cache = VoiceCache(VoiceLibrary([registry]), CountingEngine(), max_bytes=1 << 20, write_back=False)
    with ThreadPoolExecutor(50) as threads:
        loaded = list(threads.map(lambda _: cache.get("anna"), range(200)))
    cache.close()
    assert CountingEngine.prepared == 1
    assert len({id(each.conditionals) for each in loaded}) == 1


def test_threads_that_ask_for_many_voices_leave_the_count_of_bytes_right(registry, engine, prepared):
    for number in range(12):
        Publisher(registry).add(f"voice-{number}", prepared, [_conditionals(100 + number)])
    each = _conditionals(1).nbytes
    cache = VoiceCache(VoiceLibrary([registry]), engine, max_bytes=5 * each)
    with ThreadPoolExecutor(16) as threads:
        loaded = list(threads.map(lambda number: cache.get(f"voice-{number % 12}"), range(600)))
    cache.close()
    for number, voice in enumerate(loaded):
        assert voice.conditionals.tensors["pitch_hz"][0] == 100 + number % 12
    assert cache.kept_bytes == len(cache) * each
    assert len(cache) <= 5
