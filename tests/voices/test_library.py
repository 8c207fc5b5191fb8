"""The library: several registries searched in order."""

import pytest

from voices.errors import InvalidVoiceId, UnknownVoice
from voices.library import VoiceLibrary
from voices.publication import Publisher


@pytest.fixture
def library(tmp_path, prepared, speech):
    library = VoiceLibrary.at(tmp_path / "first", tmp_path / "second", tmp_path / "missing")
    first, second, _ = library.registries
    Publisher(first).add("anna", prepared)
    Publisher(second).add("anna", prepared, name="another Anna")
    Publisher(second).add("bob", prepared)
    second.store.write("carl.flac", speech.to_flac())
    return library


def test_the_first_registry_that_has_a_voice_is_where_it_is_from(library):
    first, second, _ = library.registries
    assert library.ids() == ["anna", "bob", "carl"]
    assert [library.locate(voice_id) for voice_id in library.ids()] == [first, second, second]


def test_a_voice_deleted_from_the_first_is_found_in_the_next(library):
    first, second, _ = library.registries
    Publisher(first).delete("anna")
    assert library.locate("anna") is second


def test_what_is_nowhere_is_unknown(library):
    with pytest.raises(UnknownVoice):
        library.locate("eve")
    with pytest.raises(InvalidVoiceId):
        library.locate("../anna")
