"""The watermark's thread: many streams in order, bounded, and no stream harms another."""

import threading
import time
from concurrent.futures import Future

import numpy as np
import pytest
import torch

from worker.engine.chatterbox.watermark import Watermark, WatermarkThread
from worker.errors import EngineFailure

BLOCK = 4_800


@pytest.fixture
def thread(watermark):
    thread = WatermarkThread(watermark)
    yield thread
    thread.close()


class Gate:
    """Samples that cannot be read before the gate is opened: whoever reads them waits."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __len__(self) -> int:
        return BLOCK

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        assert self.opened.wait(timeout=60)
        return np.zeros(BLOCK, np.float32)


def joined(futures: list[Future[np.ndarray]]) -> np.ndarray:
    return np.concatenate([future.result(timeout=60) for future in futures])


def submit_all(stream, samples: np.ndarray) -> list[Future[np.ndarray]]:
    blocks = [stream.process(samples[start : start + BLOCK]) for start in range(0, len(samples), BLOCK)]
    return [*blocks, stream.flush()]


def test_streams_of_many_threads_are_marked_as_alone(watermark, thread, talk):
    sources = [talk, -talk[::-1].copy(), talk[50_000:], talk[:3_000]]
    results: dict[int, np.ndarray] = {}

    def feed(number: int) -> None:
        results[number] = joined(submit_all(thread.stream(), sources[number]))

    feeders = [threading.Thread(target=feed, args=(number,)) for number in range(len(sources))]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    for number, source in enumerate(sources):
        alone = watermark.stream()
        blocks = [alone.process(source[start : start + BLOCK]) for start in range(0, len(source), BLOCK)]
        expected = np.concatenate([*blocks, alone.flush()])
        # One thread or two sum up in another order.
        np.testing.assert_allclose(results[number], expected, atol=1e-6, rtol=0)


def test_it_does_not_run_on_the_callers_thread(thread):
    stream = thread.stream()
    gate = Gate()
    future = stream.process(gate)
    assert not future.done()
    gate.opened.set()
    assert len(future.result(timeout=60)) > 0


def test_a_stream_that_fails_fails_to_its_end_and_alone(thread, talk, caplog):
    bad, good = thread.stream(), thread.stream()
    first = bad.process(talk[:BLOCK])
    fine = [good.process(talk[:BLOCK])]
    broken = bad.process(np.zeros((2, BLOCK), np.float32))
    fine.append(good.process(talk[BLOCK : 2 * BLOCK]))
    after = bad.flush()
    fine.append(good.flush())
    assert len(first.result(timeout=60)) > 0
    with pytest.raises(EngineFailure, match=r"failed \(ValueError\)"):
        broken.result(timeout=60)
    with pytest.raises(EngineFailure, match="earlier"):
        after.result(timeout=60)
    assert "Traceback" in caplog.text
    assert len(joined(fine)) == 2 * BLOCK


def test_who_gives_more_than_it_holds_waits(watermark):
    thread = WatermarkThread(watermark, max_waiting=3)
    stream, gate = thread.stream(), Gate()
    futures = [stream.process(gate)]
    given = []

    def give() -> None:
        for number in range(5):
            futures.append(stream.process(np.zeros(BLOCK, np.float32)))
            given.append(number)

    giver = threading.Thread(target=give)
    giver.start()
    deadline = time.monotonic() + 60
    while len(given) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert given == [0, 1]
    gate.opened.set()
    giver.join(timeout=60)
    assert given == [0, 1, 2, 3, 4]
    assert len(joined([*futures, stream.flush()])) == 6 * BLOCK
    thread.close()


def test_cancelled_blocks_give_their_places_back(watermark):
    thread = WatermarkThread(watermark, max_waiting=2)
    gate = Gate()
    running = thread.stream().process(gate)
    abandoned = thread.stream()
    assert all(abandoned.process(np.zeros(BLOCK, np.float32)).cancel() for _ in range(10))
    gate.opened.set()
    assert len(running.result(timeout=60)) > 0
    thread.close()


def test_closing_marks_what_was_given_and_refuses_more(watermark, talk):
    thread = WatermarkThread(watermark)
    stream = thread.stream()
    futures = submit_all(stream, talk[:48_000])
    thread.close()
    assert all(future.done() for future in futures)
    assert len(joined(futures)) == 48_000
    for _ in range(100):  # more often than there are places
        with pytest.raises(EngineFailure, match="closed"):
            stream.process(talk[:BLOCK])


def test_it_computes_on_one_core_and_leaves_the_others_theirs(watermark):
    usual = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        thread = WatermarkThread(watermark)
        own = thread._executor.submit(torch.get_num_threads).result()
        seen: list[int] = []
        later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        later.start()
        later.join()
        assert (own, torch.get_num_threads(), seen) == (1, 3, [3])
        thread.close()
    finally:
        torch.set_num_threads(usual)


def test_there_may_be_two(talk):
    threads = [WatermarkThread(Watermark()) for _ in range(2)]
    results = [joined(submit_all(thread.stream(), talk[:24_000])) for thread in threads]
    np.testing.assert_array_equal(*results)
    for thread in threads:
        thread.close()
