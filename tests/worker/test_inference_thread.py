"""The inference thread: fair, bounded, and done with what nobody reads."""

import asyncio
import threading
import time

import pytest

from worker.errors import Overloaded
from worker.inference_thread import InferenceThread

pytestmark = pytest.mark.anyio


@pytest.fixture
def thread():
    thread = InferenceThread(max_tasks=50)
    yield thread
    thread.close()


def _count(up_to, steps=None, name=None):
    for number in range(up_to):
        if steps is not None:
            steps.append(name)
        yield number


async def _all(stream):
    return [item async for item in stream]


async def test_items_arrive_in_order_and_made_on_one_thread(thread):
    def names(_cancelled):
        for _ in range(100):
            yield threading.current_thread().name

    assert await _all(thread.stream(names)) == ["inference"] * 100


async def test_tasks_take_turns(thread):
    steps = []
    gate = threading.Event()

    def blocked(_cancelled):
        gate.wait()
        yield 0

    blocker = asyncio.create_task(_all(thread.stream(blocked)))
    await asyncio.sleep(0.05)
    tasks = [
        asyncio.create_task(_all(thread.stream(lambda _, name=name: _count(6, steps, name))))
        for name in "abc"
    ]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(blocker, *tasks)
    assert steps == list("abc" * 6)


async def test_a_slow_consumer_holds_nobody_up_and_gathers_little(thread):
    made = []

    def eager(_cancelled):
        for number in range(10_000):
            made.append(number)
            yield number

    stream = thread.stream(eager)
    assert await anext(stream) == 0
    assert await _all(thread.stream(lambda _: _count(500))) == list(range(500))
    assert len(made) < 20
    assert await _all(stream) == list(range(1, 10_000))


async def test_leaving_early_closes_the_generator(thread):
    closed = threading.Event()

    def endless(_cancelled):
        try:
            while True:
                yield 1
        finally:
            closed.set()

    stream = thread.stream(endless)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(closed.wait, 2)
    assert thread.active == 0


async def test_cancelling_is_seen_inside_a_long_step(thread):
    seen = threading.Event()
    began = threading.Event()

    def long_step(cancelled):
        began.set()
        while not cancelled():
            time.sleep(0.001)
        seen.set()
        yield 1

    task = asyncio.create_task(_all(thread.stream(long_step)))
    await asyncio.to_thread(began.wait, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 2)


async def test_an_error_reaches_its_own_consumer_alone(thread):
    def failing(_cancelled):
        yield 1
        raise ValueError("mine")

    failed, fine = await asyncio.gather(
        _all(thread.stream(failing)), _all(thread.stream(lambda _: _count(50))), return_exceptions=True
    )
    assert isinstance(failed, ValueError)
    assert fine == list(range(50))


async def test_more_than_it_can_hold_is_refused_and_room_returns():
    thread = InferenceThread(max_tasks=1)
    first = thread.stream(lambda _: _count(100))
    await anext(first)
    with pytest.raises(Overloaded):
        await anext(thread.stream(lambda _: _count(1)))
    await first.aclose()
    assert await _all(thread.stream(lambda _: _count(1))) == [0]
    thread.close()
