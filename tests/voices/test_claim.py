"""Claims: who holds a voice, and who only seems to."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from voices.claim import STALE_AFTER_SECONDS, claimed, is_claim, live_writer
from voices.errors import StoreFailure, VoiceBusy
from voices.stores.store import DirectoryStore


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path)


def _put(store, **changes):
    claim = {"host": "elsewhere", "pid": 1, "began": time.time(), **changes}
    store.write("anna/claim-0.json", json.dumps(claim).encode())


def test_a_claim_is_held_while_the_change_goes_on_and_gone_after_it(store):
    with claimed(store, "anna"):
        [claim] = store.files("anna")
        assert is_claim(claim)
        assert str(os.getpid()) in live_writer(store, "anna", claim)
    assert store.names() == []


def test_a_failed_change_leaves_no_claim(store):
    with pytest.raises(RuntimeError), claimed(store, "anna"):
        raise RuntimeError
    assert store.names() == []


def test_a_claim_whose_writing_only_seemed_to_fail_is_taken_back(store, monkeypatch):
    write = store.write

    def lose_the_answer(key, data):
        write(key, data)
        raise StoreFailure("The connection was lost.")

    monkeypatch.setattr(store, "write", lose_the_answer)
    with pytest.raises(StoreFailure), claimed(store, "anna"):
        pass
    assert store.names() == []


def test_a_claim_that_cannot_be_taken_back_does_not_undo_the_change(store, monkeypatch):
    def fail(_key):
        raise StoreFailure("The connection was lost.")

    monkeypatch.setattr(store, "delete", fail)
    with claimed(store, "anna"):
        store.write("anna/voice.json", b"{}")
    assert store.read("anna/voice.json") == b"{}"


def test_a_writer_on_another_machine_is_believed(store):
    _put(store)
    with pytest.raises(VoiceBusy, match="process 1 on elsewhere"), claimed(store, "anna"):
        pass
    assert store.files("anna") == ["claim-0.json"]


def test_a_writer_that_took_too_long_is_not(store):
    _put(store, began=time.time() - STALE_AFTER_SECONDS - 1)
    with claimed(store, "anna"):
        pass


def test_a_writer_that_was_killed_on_this_machine_is_not(store):
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    _put(store, host=socket.gethostname(), pid=killed.pid)
    with pytest.raises(VoiceBusy), claimed(store, "anna"):
        pass
    killed.kill()
    time.sleep(0.1)
    with claimed(store, "anna"):  # dead, though not yet reaped
        pass
    killed.wait()
    with claimed(store, "anna"):
        pass


@pytest.mark.parametrize("claim", [b"", b"{", b"[]", b"null", b'{"host": 1}', b"\xff"])
def test_a_claim_that_says_nothing_holds_nothing(store, claim):
    store.write("anna/claim-0.json", claim)
    with claimed(store, "anna"):
        pass
