"""Archives of strangers: what an imported voice may be."""

import numpy as np
import pytest

from voices.archive import read_archive, write_archive
from voices.clips.clip import Clip
from voices.errors import InvalidRequest, VoiceCorrupt
from voices.publication import Publisher
from voices.registry import VoiceRegistry, file_facts


@pytest.fixture
def archived(registry, prepared, tmp_path):
    """Write a sound voice, with another clip or other facts, as an archive; return where it is."""
    Publisher(registry).add("anna", prepared)

    def write(clip=None, **changes):
        manifest = registry.get("anna").manifest
        if clip is not None:
            registry.store.write("anna/reference.flac", clip)
            changes["files"] = {"reference.flac": file_facts(clip)}
        Publisher(registry).write_manifest(manifest.model_copy(update=changes))
        write_archive(registry, registry.get("anna"), path := tmp_path / "anna.tar")
        return path

    return write


def test_a_sound_one_is_read(archived, prepared):
    source, voice = read_archive(archived())
    assert np.array_equal(source.reference(voice).samples, prepared.clip.samples)


@pytest.mark.parametrize("samples", [0, 1, 10, 20_000])
def test_a_clip_without_sound_makes_it_a_damaged_voice(archived, samples):
    path = archived(Clip(np.zeros(samples, np.float32)).to_flac())
    with pytest.raises(VoiceCorrupt):
        read_archive(path)


def test_a_clip_that_is_none_makes_it_a_damaged_voice(archived):
    with pytest.raises(VoiceCorrupt):
        read_archive(archived(b"no audio"))


def test_more_labels_than_a_voice_may_have_are_not_imported(archived, tmp_path):
    source, voice = read_archive(archived(labels={f"label-{number}": "x" for number in range(51)}))
    there = VoiceRegistry.at(tmp_path / "there")
    with pytest.raises(InvalidRequest) as refused:
        Publisher(there).copy(source, voice)
    assert refused.value.field == "labels"
    assert there.ids() == []
