"""The directory store: whole files or none, and nothing outside."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volumes import volume

from voices.errors import StoreFailure
from voices.stores.store import DirectoryStore, FileTooLarge


def test_what_was_written_is_read(tmp_path):
    store = DirectoryStore(tmp_path / "not" / "yet")
    assert store.names() == []
    store.write("anna/voice.json", b"{}")
    assert store.read("anna/voice.json") == b"{}"
    assert store.names() == ["anna"]
    assert store.files("anna") == ["voice.json"]


def test_the_version_changes_with_the_file(tmp_path):
    store = DirectoryStore(tmp_path)
    assert store.version("a/b") is None
    store.write("a/b", b"1")
    first = store.version("a/b")
    store.write("a/b", b"2")
    assert first != store.version("a/b") is not None


def test_deleting_the_last_file_removes_the_folder(tmp_path):
    store = DirectoryStore(tmp_path)
    store.write("a/b", b"1")
    store.write("a/c", b"1")
    store.delete("a/b")
    assert store.names() == ["a"]
    store.delete("a/c")
    store.delete("a/c")
    assert store.names() == []


def test_an_interrupted_write_leaves_the_old_file_and_no_trace(tmp_path, monkeypatch):
    store = DirectoryStore(tmp_path)
    store.write("a/b", b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreFailure, match="No space left"):
        store.write("a/b", b"new")
    assert store.read("a/b") == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_link_without_its_volume_says_so(tmp_path):
    link = tmp_path / "voices"
    link.symlink_to(tmp_path / "missing-volume")
    store = DirectoryStore(link)
    assert store.names() == []
    with pytest.raises(StoreFailure, match="Could not write"):
        store.write("a/b", b"1")


@given(st.text())
def test_no_key_leads_outside(key):
    store = DirectoryStore(Path("/voices-of-a-test"))
    try:
        path = store._path(key)
    except ValueError:
        return
    assert path.parts[:2] == ("/", "voices-of-a-test")
    assert ".." not in path.parts
    assert 3 <= len(path.parts) <= 4


class TestADirectoryThatIsTakenAway:
    @pytest.fixture
    def mounted(self, tmp_path):
        with volume(tmp_path / "voices") as mounted:
            yield mounted

    @pytest.fixture
    def store(self, mounted):
        store = DirectoryStore(mounted.root)
        store.write("anna/voice.json", b"{}")
        return store

    @pytest.mark.parametrize("use", ["version", "names", "files", "write"])
    def test_it_is_a_failure_and_not_an_empty_one(self, store, mounted, use):
        assert store.version("anna/voice.json")
        mounted.take_away()
        with pytest.raises(StoreFailure, match="existed before"):
            {
                "version": lambda: store.version("anna/voice.json"),
                "names": store.names,
                "files": lambda: store.files("anna"),
                "write": lambda: store.write("bob/voice.json", b"{}"),
            }[use]()
        assert not store.root.exists(), "no folder is made in its place"
        mounted.bring_back()
        assert store.version("anna/voice.json")
        assert store.version("bob/voice.json") is None

    def test_one_that_is_removed_while_its_disk_is_there_is_empty(self, tmp_path):
        store = DirectoryStore(tmp_path / "voices")
        store.write("anna/voice.json", b"{}")
        assert store.version("anna/voice.json")
        shutil.rmtree(store.root)
        assert (store.names(), store.version("anna/voice.json")) == ([], None)
        store.write("bob/voice.json", b"{}")
        assert store.names() == ["bob"]

    def test_one_that_was_never_made_is_empty(self, tmp_path):
        store = DirectoryStore(tmp_path / "never")
        assert (store.names(), store.version("anna/voice.json")) == ([], None)

    def test_a_mount_point_that_is_left_of_it_is_no_empty_one_either(self, tmp_path):
        DirectoryStore(tmp_path / "own").write("anna/voice.json", b"{}")
        (link := tmp_path / "link").symlink_to(tmp_path / "own")
        linked = DirectoryStore(link)
        assert linked.version("anna/voice.json")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as mount_point:
            link.unlink()
            link.symlink_to(mount_point)
            with pytest.raises(StoreFailure, match="existed before"):
                linked.version("anna/voice.json")
            DirectoryStore(Path(mount_point)).write("bob/voice.json", b"{}")
            assert linked.version("anna/voice.json") is None, (
                "another volume with voices is taken at its word"
            )


def test_a_file_is_read_no_further_than_its_reader_wants(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    store = DirectoryStore(tmp_path)
    with pytest.raises(FileTooLarge):
        store.read("huge", 1000)
    store.write("small", b"12345")
    assert store.read("small", 5) == b"12345"
    with pytest.raises(FileTooLarge):
        store.read("small", 4)
