"""Errands to a store that hangs: a FIFO in a file's place, whose opening waits for ever."""

import asyncio
import os
import threading

import pytest
from volumes import volume

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from voices.stores.store import DirectoryStore
from worker.errors import Overloaded
from worker.server.store_probe import StoreProbe
from worker.speech.errands import Errands


@pytest.fixture
def fifo(tmp_path):
    """A store with a file that cannot be opened until the test has ended."""
    os.mkfifo(path := tmp_path / "stuck")
    (tmp_path / "fine").write_bytes(b"1")
    yield DirectoryStore(tmp_path)
    release(path)


def release(path):
    """Let go of all who wait to read a FIFO: each opening of its other end serves those that wait now."""
    while any(thread.name == "errand" for thread in threading.enumerate()):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # nobody reads it
            threading.Event().wait(0.001)


def test_who_waits_gives_up_and_the_next_is_told_at_once(fifo):
    errands = Errands(limit_s=0.2)
    for _ in range(5):
        with pytest.raises(StoreFailure, match="has not answered") as told:
            errands.run("stuck", lambda: fifo.read("stuck"))
        assert told.value.retry_after_s
        assert errands.stuck == 1
    assert errands.run("fine", lambda: fifo.read("fine")) == b"1"


def test_threads_that_are_held_are_bounded(fifo):
    errands = Errands(limit_s=0.1, most=3)
    for number in range(9):
        with pytest.raises(StoreFailure):
            errands.run(number, lambda: fifo.read("stuck"))
    assert errands.stuck == 3
    assert errands.is_blocked
    assert sum(thread.name == "errand" for thread in threading.enumerate()) == 3


def test_once_the_store_answers_all_is_well_again(fifo):
    errands = Errands(limit_s=0.1, most=1)
    with pytest.raises(StoreFailure):
        errands.run("a", lambda: fifo.read("stuck"))
    release(fifo.root / "stuck")
    assert errands.run("a", lambda: fifo.read("fine")) == b"1"
    assert errands.stuck == 0


def test_what_gets_on_is_not_given_up_however_long_it_takes(fifo):
    errands = Errands(limit_s=0.4)
    pause = threading.Event()

    def read_slowly():
        for _ in range(12):
            fifo.read("fine")
            pause.wait(0.1)
        return "all"

    assert errands.run("slow", read_slowly) == "all"


def test_what_the_work_raises_is_raised():
    errands = Errands()
    with pytest.raises(KeyError):
        errands.run("a", lambda: {}["a"])
    with pytest.raises(TimeoutError):
        errands.run("a", lambda: (_ for _ in ()).throw(TimeoutError))
    assert errands.stuck == 0


@pytest.mark.anyio
async def test_an_event_loop_waits_likewise_and_may_leave(fifo):
    errands = Errands(limit_s=0.2, most=1)
    waiting = asyncio.create_task(errands.ask("stuck", lambda: fifo.read("stuck")))
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded):
        await errands.ask("fine", lambda: fifo.read("fine"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.2)
    with pytest.raises(StoreFailure):
        await errands.ask("fine", lambda: fifo.read("fine"))
    release(fifo.root / "stuck")
    assert await errands.ask("fine", lambda: fifo.read("fine")) == b"1"


class TestTheProbe:
    def test_it_tells_of_a_store_that_hangs_and_of_one_that_answers_again(self, tmp_path, monkeypatch):
        library = VoiceLibrary.at(tmp_path)
        gate = threading.Event()
        monkeypatch.setattr(library, "check", gate.wait)
        probe = StoreProbe(library, limit_s=0.1, every_s=0)
        assert probe.failure() is None, "it waits for nothing"
        assert _becomes(lambda: probe.failure() is not None)
        assert "has not answered" in probe.failure().message
        gate.set()
        assert _becomes(lambda: probe.failure() is None)

    def test_it_tells_of_a_directory_that_is_gone_but_not_of_one_that_was_never_made(self, tmp_path):
        probe = StoreProbe(VoiceLibrary.at(tmp_path / "never"), limit_s=5, every_s=0)
        for _ in range(20):
            assert probe.failure() is None
        with volume(tmp_path / "voices") as mounted:
            probe = StoreProbe(VoiceLibrary.at(mounted.root), limit_s=5, every_s=0)
            probe.failure()
            assert _becomes(probe._look.done)
            mounted.take_away()
            assert _becomes(lambda: probe.failure() is not None)
            assert "existed before" in probe.failure().message
            assert str(tmp_path) not in probe.failure().for_clients()["message"]


def _becomes(is_so, tries=2000):
    pause = threading.Event()
    return any(is_so() or pause.wait(0.005) for _ in range(tries))


def test_a_thread_that_cannot_be_started_takes_no_place(monkeypatch):
    errands = Errands(limit_s=5, most=1)

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(Overloaded, match="no thread left"):
            errands.run("anna", lambda: 1)
    assert errands.run("anna", lambda: 2) == 2
