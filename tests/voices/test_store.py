"""The directory store: whole files or none, and nothing outside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.errors import StoreFailure
from voices.store import DirectoryStore


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
