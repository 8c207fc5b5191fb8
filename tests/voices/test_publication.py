"""Publication: a reader sees a whole voice or none, and a second writer is told."""

import threading

import numpy as np
import pytest

from voices.claim import claimed
from voices.conditionals import Conditionals
from voices.errors import (
    ChatterpodError,
    InvalidRequest,
    InvalidVoiceId,
    UnknownVoice,
    VoiceBusy,
    VoiceCorrupt,
    VoiceExists,
)
from voices.publication import Publisher
from voices.registry import VoiceRegistry

CONDITIONALS = Conditionals("engine-1", {"pitch": np.array([1.0], np.float32)})
LATER = Conditionals("engine-2", {"pitch": np.array([2.0], np.float32)})


@pytest.fixture
def publisher(registry):
    return Publisher(registry)


@pytest.fixture
def anna(registry, publisher, prepared):
    publisher.add("anna", prepared, [CONDITIONALS], name="Anna", labels={"mood": "calm"})
    return registry.get("anna")


def test_an_id_that_is_taken_is_refused_unless_replaced(registry, anna, prepared):
    with pytest.raises(VoiceExists, match="--force"):
        Publisher(registry).add("anna", prepared)
    Publisher(registry).add("anna", prepared, replace=True)
    assert registry.get("anna").manifest.fingerprints == []
    # What may still be being read is never overwritten: the new reference has a name of its own.
    reference, manifest = registry.store.files("anna")
    assert reference == registry.get("anna").manifest.reference_file != "reference.flac"
    assert manifest == "voice.json"


def test_the_built_in_voice_cannot_be_replaced(registry, prepared):
    with pytest.raises(InvalidRequest, match="built-in"):
        Publisher(registry).add("default", prepared, replace=True)


def test_data_is_written_before_the_manifest_and_removed_after_it(registry, prepared, monkeypatch):
    order = []
    write, delete = registry.store.write, registry.store.delete
    monkeypatch.setattr(registry.store, "write", lambda key, data: (order.append(key), write(key, data)))
    monkeypatch.setattr(registry.store, "delete", lambda key: (order.append(f"-{key}"), delete(key)))
    Publisher(registry).add("anna", prepared, [CONDITIONALS])
    *data, manifest, unclaim = order[1:]
    assert data == ["anna/reference.flac", "anna/conditionals-engine-1.safetensors"]
    assert manifest == "anna/voice.json"
    assert unclaim == f"-{order[0]}"
    order.clear()
    Publisher(registry).delete("anna")
    assert order[1] == "-anna/voice.json"


def test_a_voice_without_its_manifest_does_not_exist(registry, anna, prepared):
    registry.store.delete("anna/voice.json")
    assert registry.ids() == []
    with pytest.raises(UnknownVoice):
        registry.get("anna")
    Publisher(registry).add("anna", prepared)
    registry.check(registry.get("anna"))


def test_conditionals_for_another_fingerprint_join_those_that_are_there(registry, publisher, anna):
    publisher.add_conditionals("anna", LATER, anna.version)
    voice = registry.get("anna")
    registry.check(voice)
    assert voice.manifest.fingerprints == ["engine-1", "engine-2"]
    assert voice.manifest.labels == {"mood": "calm"}
    assert voice.manifest.speaks_as(anna.manifest, "engine-1")


def test_conditionals_of_a_clip_that_was_replaced_are_refused(registry, publisher, anna, prepared):
    publisher.add("anna", prepared, replace=True)
    with pytest.raises(VoiceBusy):
        publisher.add_conditionals("anna", LATER, anna.version)
    assert registry.get("anna").manifest.fingerprints == []


def test_conditionals_can_be_dropped(registry, publisher, anna):
    publisher.drop_conditionals("anna", ["engine-1", "engine-9"])
    assert registry.get("anna").manifest.fingerprints == []
    assert registry.store.files("anna") == ["reference.flac", "voice.json"]


def test_a_new_prompt_replaces_every_conditionals_file_in_one_step(registry, publisher, anna, monkeypatch):
    publisher.add_conditionals("anna", LATER, anna.version)
    before = registry.get("anna")
    manifests = []
    monkeypatch.setattr(
        publisher, "write_manifest", lambda manifest: (manifests.append(manifest), write(manifest))
    )
    write = Publisher(registry).write_manifest
    shorter = Conditionals("engine-1", {"pitch": np.array([3.0], np.float32)})
    publisher.change_prompt("anna", 4.0, shorter, before.version)
    voice = registry.get("anna")
    registry.check(voice)
    assert manifests == [voice.manifest]
    assert voice.manifest.prompt_seconds == 4.0
    assert voice.manifest.fingerprints == ["engine-1"]
    assert registry.conditionals(voice, "engine-1").tensors["pitch"] == [3.0]
    assert voice.manifest.labels == {"mood": "calm"}
    assert voice.reference == anna.reference
    assert len(registry.store.files("anna")) == 3
    assert not voice.manifest.speaks_as(before.manifest, "engine-1")
    # What a worker computed meanwhile for the old prompt is of another version.
    with pytest.raises(VoiceBusy):
        publisher.add_conditionals("anna", LATER, before.version)


@pytest.mark.parametrize("seconds", [0.5, 10.1, float("nan"), float("inf")])
def test_a_prompt_that_cannot_be_changes_nothing(registry, publisher, anna, prepared, seconds):
    with pytest.raises(InvalidRequest) as caught:
        publisher.change_prompt("anna", seconds, LATER, anna.version)
    assert caught.value.field == "prompt_seconds"
    with pytest.raises(InvalidRequest):
        publisher.add("eva", prepared, prompt_seconds=seconds)
    assert registry.get("anna") == anna
    assert registry.ids() == ["anna"]


def test_editing_changes_what_was_named_and_nothing_else(registry, publisher, anna):
    told = publisher.edit("anna", name="Anna B.", language="de", labels={"mood": "loud", "age": "40"})
    voice = registry.get("anna")
    registry.check(voice)
    assert voice.manifest == told
    assert (told.name, told.language, told.labels) == ("Anna B.", "de", {"mood": "loud", "age": "40"})
    assert publisher.edit("anna", labels={"mood": None, "never": None}).labels == {"age": "40"}
    same = {"name": "Anna", "language": "en", "labels": {"mood": "calm"}}
    assert told.model_copy(update=same) == anna.manifest
    assert told.speaks_as(anna.manifest, "engine-1")


def test_editing_nothing_writes_nothing(registry, publisher, anna):
    assert publisher.edit("anna", name="Anna", labels={"other": None}) == anna.manifest
    assert registry.get("anna").version == anna.version


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"language": "English, mostly"}, "language"),
        ({"labels": {"mood": 1}}, "labels"),
    ],
)
def test_an_edit_that_cannot_be_changes_nothing(registry, publisher, anna, changes, field):
    with pytest.raises(InvalidRequest) as refused:
        publisher.edit("anna", **{"name": "Eva", **changes})
    assert refused.value.field == field
    assert registry.get("anna") == anna


def test_only_a_published_voice_can_be_edited(registry, publisher, anna, prepared):
    for voice_id in ("nobody", "default"):
        with pytest.raises(UnknownVoice):
            publisher.edit(voice_id, name="Eva")
    registry.store.write("bare.flac", prepared.clip.to_flac())
    with pytest.raises(InvalidRequest, match="bare clip"):
        publisher.edit("bare", name="Eva")
    registry.store.write("anna/voice.json", b"{}")
    with pytest.raises(VoiceCorrupt):
        publisher.edit("anna", name="Eva")
    assert registry.store.names() == ["anna", "bare.flac"]


def test_renaming_moves_everything(registry, publisher, anna):
    publisher.rename("anna", "eva")
    assert registry.ids() == ["eva"]
    eva = registry.get("eva")
    registry.check(eva)
    assert eva.manifest.name == "Anna"
    with pytest.raises(UnknownVoice):
        publisher.rename("anna", "eva")


def test_renaming_never_overwrites(registry, publisher, anna, prepared):
    publisher.add("eva", prepared)
    with pytest.raises(VoiceExists):
        publisher.rename("anna", "eva")
    assert registry.ids() == ["anna", "eva"]


@pytest.mark.parametrize("new_id", ["../eva", "default", "EVA"])
def test_renaming_to_what_cannot_be_an_id_changes_nothing(registry, publisher, anna, new_id):
    with pytest.raises((InvalidVoiceId, InvalidRequest)):
        publisher.rename("anna", new_id)
    assert registry.ids() == ["anna"]


def test_a_copy_in_another_registry_is_the_same_voice(registry, anna, tmp_path):
    other = VoiceRegistry.at(tmp_path / "other")
    Publisher(other).copy(registry, anna)
    copied = other.get("anna")
    other.check(copied)
    assert copied.manifest.files == anna.manifest.files


def test_a_copy_keeps_the_prompt(registry, publisher, prepared, tmp_path):
    publisher.add("anna", prepared, [CONDITIONALS], prompt_seconds=2.5)
    other = VoiceRegistry.at(tmp_path / "other")
    Publisher(other).copy(registry, registry.get("anna"))
    assert other.get("anna").manifest.prompt_seconds == 2.5


def test_a_damaged_voice_is_not_copied(registry, anna, tmp_path):
    (registry.store.root / anna.reference).write_bytes(b"x")
    other = VoiceRegistry.at(tmp_path / "other")
    with pytest.raises(VoiceCorrupt):
        Publisher(other).copy(registry, anna)
    assert other.ids() == []
    assert other.store.names() == []


def test_a_reader_never_meets_anything_but_a_whole_voice_while_it_is_replaced(registry, anna, prepared):
    stop = threading.Event()
    met = []

    def read():
        while not stop.is_set():
            voice = registry.get("anna")
            try:
                registry.check(voice)
            except ChatterpodError as error:
                if registry.version(voice) == voice.version:  # else it has to look again, and can
                    met.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(30):
        Publisher(registry).add("anna", prepared, [CONDITIONALS], replace=True)
    stop.set()
    reader.join()
    assert met == []
    assert len(registry.store.files("anna")) == 3


def test_a_second_writer_is_told_and_changes_nothing(registry, publisher, anna, prepared):
    changes = [
        lambda: publisher.add("anna", prepared, replace=True),
        lambda: publisher.delete("anna"),
        lambda: publisher.edit("anna", name="Eva"),
        lambda: publisher.add_conditionals("anna", LATER, anna.version),
    ]
    with claimed(registry.store, "anna"):
        for change in changes:
            with pytest.raises(VoiceBusy, match="is changing the voice"):
                change()
    registry.check(registry.get("anna"))
    publisher.delete("anna")
    assert registry.store.names() == []


def test_of_many_writers_of_one_new_name_at_most_one_publishes(registry, prepared):
    outcomes = []
    barrier = threading.Barrier(8)

    def write():
        barrier.wait()
        try:
            Publisher(registry).add("anna", prepared)
            outcomes.append("published")
        except (VoiceBusy, VoiceExists):
            outcomes.append("told")

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert outcomes.count("published") <= 1
    assert len(outcomes) == 8
    if "published" in outcomes:
        registry.check(registry.get("anna"))
        assert registry.store.files("anna") == ["reference.flac", "voice.json"]
    else:
        assert registry.store.names() == []


MOST_LABELS = {f"label-{number:058}": "ü" * 500 for number in range(50)}


class TestLabelsAreBounded:
    def test_as_many_and_as_long_ones_as_may_be_are_listed(self, registry, publisher, prepared):
        publisher.add("anna", prepared, labels=MOST_LABELS)
        assert registry.get("anna").manifest.labels == MOST_LABELS

    @pytest.mark.parametrize(
        "labels",
        [
            {**MOST_LABELS, "one": "more"},
            {"n" * 65: "x"},
            {"": "x"},
            {"mood": "v" * 501},
            {"mood": "v" * 870_000},
        ],
    )
    def test_what_is_more_is_refused_naming_the_field(self, registry, publisher, prepared, labels):
        publisher.add("bob", prepared)
        for attempt in (
            lambda: publisher.check("anna", labels=labels),
            lambda: publisher.add("anna", prepared, labels=labels),
            lambda: publisher.edit("bob", labels=labels),
        ):
            with pytest.raises(InvalidRequest, match=r"^labels: ") as refused:
                attempt()
            assert refused.value.field == "labels"
            assert len(refused.value.message) < 200
        assert registry.ids() == ["bob"]
        assert registry.get("bob").manifest.labels == {}
