"""What the protocol promises, of every store alike."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from voices.publication import Publisher
from voices.registry import VoiceRegistry
from voices.stores.store import DirectoryStore

pytestmark = pytest.mark.process


@pytest.fixture(params=["directory", "s3", "s3-whole-bucket"])
def store(request, tmp_path):
    """An empty store of each kind."""
    if request.param == "directory":
        return DirectoryStore(tmp_path / "voices")
    server = request.getfixturevalue("s3_server")
    if request.param == "s3":
        return server.store(f"volumes/{uuid.uuid4().hex}")
    server.make_bucket(bucket := f"whole-{uuid.uuid4().hex}")
    return server.store(bucket=bucket)


def test_an_empty_store_has_nothing(store):
    assert store.names() == []
    assert store.files("anna") == []
    assert store.version("anna/voice.json") is None
    with pytest.raises(FileNotFoundError):
        store.read("anna/voice.json")


@pytest.mark.parametrize("data", [b"", b"{}", bytes(range(256)) * 8192], ids=len)
def test_what_was_written_is_read(store, data):
    store.write("anna/voice.json", data)
    assert store.read("anna/voice.json") == data
    store.write("bare.wav", data)
    assert store.read("bare.wav") == data


def test_names_are_folders_and_files_without_hidden_ones(store):
    for key in ("bob/voice.json", "anna/a", "anna/b", "zoe.wav", ".hidden/x", ".hidden-file"):
        store.write(key, b"1")
    assert store.names() == ["anna", "bob", "zoe.wav"]


def test_files_are_a_folders_own_and_those_of_interrupted_writes(store):
    for key in ("anna/voice.json", "anna/.voice.json.x", "anna2/other", "anna.wav"):
        store.write(key, b"1")
    assert store.files("anna") == [".voice.json.x", "voice.json"]


def test_the_version_changes_with_the_file(store):
    store.write("a/b", b"1")
    first = store.version("a/b")
    assert first == store.version("a/b")
    store.write("a/b", b"2")
    assert None is not store.version("a/b") != first


def test_deleting_the_last_file_removes_the_folder(store):
    store.write("a/b", b"1")
    store.write("a/c", b"1")
    store.delete("a/b")
    assert store.names() == ["a"]
    store.delete("a/c")
    store.delete("a/c")
    assert store.names() == []
    assert store.version("a/c") is None


def test_what_is_not_there_is_deleted_without_a_word(store):
    store.delete("nobody/voice.json")
    store.delete("nobody")
    store.prune("nobody")


def test_a_folder_with_files_and_a_file_are_not_pruned(store):
    store.write("a/b", b"1")
    store.write("c.wav", b"1")
    store.prune("a")
    store.prune("c.wav")
    assert store.read("a/b") == b"1"
    assert store.read("c.wav") == b"1"


@pytest.mark.parametrize("key", ["", "/", "..", "a/..", "../a", "a//b", "a/b/c", "/a", "a/", "a\0"])
def test_no_key_leads_outside(store, key):
    for use in (store.read, store.version, store.delete, lambda key: store.write(key, b"")):
        with pytest.raises(ValueError, match="is not a key"):
            use(key)


def test_readers_see_a_whole_file_while_it_is_replaced(store):
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    store.write("a/b", contents[0])

    def read():
        try:
            return store.read("a/b")
        except FileNotFoundError:
            return "absent"

    # rclone takes the old file away before the new one is there; a directory never does.
    allowed = contents if isinstance(store, DirectoryStore) else [*contents, "absent"]
    with ThreadPoolExecutor(4) as threads:
        reads = [threads.submit(read) for _ in range(20)]
        for turn in range(10):
            store.write("a/b", contents[turn % 2])
        assert all(each.result() in allowed for each in reads)


def test_a_voice_is_published_found_and_deleted(store, prepared):
    registry = VoiceRegistry(store)
    Publisher(registry).add("anna", prepared, name="Anna")
    assert registry.ids() == ["anna"]
    voice = registry.get("anna")
    registry.check(voice)
    Publisher(registry).add("anna", prepared, name="Anna again", replace=True)
    assert registry.version(voice) not in {None, voice.version}
    Publisher(registry).edit("anna", name="Anna the third", labels={"mood": "calm"})
    edited = registry.get("anna")
    registry.check(edited)
    assert (edited.manifest.name, edited.manifest.labels) == ("Anna the third", {"mood": "calm"})
    Publisher(registry).delete("anna")
    assert registry.ids() == []
    assert store.names() == []
