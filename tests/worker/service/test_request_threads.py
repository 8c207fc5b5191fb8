"""Requests' threads: each alone, bounded, and done with what nobody reads."""

import asyncio
import threading
import time

import pytest

from worker.errors import Cancelled, Overloaded
from worker.service.request_threads import RequestThreads

pytestmark = pytest.mark.anyio


@pytest.fixture
def threads():
    threads = RequestThreads(max_requests=50)
    yield threads
    threads.close()


def _count(up_to):
    yield from range(up_to)


def _endless(closed):
    """Yield for ever, and say when it is closed."""
    try:
        while True:
            yield 1
    finally:
        closed.set()


async def _all(stream):
    return [item async for item in stream]


async def test_items_arrive_in_order_and_made_on_one_thread(threads):
    def idents(_cancelled):
        for number in range(100):
            yield number, threading.get_ident()

    items = await _all(threads.stream(idents))
    assert [number for number, _ in items] == list(range(100))
    assert len({ident for _, ident in items} | {threading.get_ident()}) == 2


async def test_a_request_that_waits_holds_no_other_up(threads):
    gate = threading.Event()

    def blocked(_cancelled):
        gate.wait()
        yield 0

    blocker = asyncio.create_task(_all(threads.stream(blocked)))
    assert await _all(threads.stream(lambda _: _count(50))) == list(range(50))
    gate.set()
    assert await blocker == [0]


async def test_a_slow_consumer_holds_nobody_up_and_gathers_little(threads):
    made = []

    def eager(_cancelled):
        for number in range(10_000):
            made.append(number)
            yield number

    stream = threads.stream(eager)
    assert await anext(stream) == 0
    assert await _all(threads.stream(lambda _: _count(500))) == list(range(500))
    assert len(made) < 20
    assert await _all(stream) == list(range(1, 10_000))


async def test_a_request_that_waits_for_its_client_is_idle_once_all_is_read(threads):
    waits, goes_on = threading.Event(), threading.Event()

    def spoken(_cancelled):
        yield from range(2)
        waits.set()
        goes_on.wait(10)
        yield 2

    stream = threads.stream(spoken, waits.is_set)
    assert await anext(stream) == 0
    await asyncio.to_thread(waits.wait, 10)
    assert threads.active == 1, "what is made already must still be sent"
    assert await anext(stream) == 1
    last = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    assert threads.active == 0
    goes_on.set()
    assert await last == 2
    await stream.aclose()


async def test_leaving_early_closes_the_generator(threads):
    closed = threading.Event()
    stream = threads.stream(lambda _: _endless(closed))
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(closed.wait, 2)
    assert threads.active == 0


async def test_cancelling_is_seen_inside_a_long_step(threads):
    seen = threading.Event()
    began = threading.Event()

    def long_step(cancelled):
        began.set()
        while not cancelled():
            time.sleep(0.001)
        seen.set()
        yield 1

    task = asyncio.create_task(_all(threads.stream(long_step)))
    await asyncio.to_thread(began.wait, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 2)


async def test_an_error_reaches_its_own_consumer_alone(threads):
    def failing(_cancelled):
        yield 1
        raise ValueError("mine")

    failed, fine = await asyncio.gather(
        _all(threads.stream(failing)), _all(threads.stream(lambda _: _count(50))), return_exceptions=True
    )
    assert isinstance(failed, ValueError)
    assert fine == list(range(50))


async def test_more_than_it_can_hold_is_refused_and_room_returns():
    threads = RequestThreads(max_requests=1)
    first = threads.stream(lambda _: _count(100))
    await anext(first)
    with pytest.raises(Overloaded):
        await anext(threads.stream(lambda _: _count(1)))
    await first.aclose()
    assert await _all(threads.stream(lambda _: _count(1))) == [0]
    threads.close()


async def test_closing_ends_what_is_under_way():
    threads = RequestThreads(max_requests=2)

    def endless(cancelled):
        while not cancelled():
            yield 1

    stream = threads.stream(endless)
    await anext(stream)
    await asyncio.to_thread(threads.close)
    with pytest.raises(Cancelled):
        await _all(stream)


async def test_a_consumer_that_stalls_is_given_up_and_told():
    threads = RequestThreads(max_requests=1, stall_seconds=0.05)
    closed = threading.Event()
    stream = threads.stream(lambda _: _endless(closed))
    assert await anext(stream) == 1
    assert await asyncio.to_thread(closed.wait, 2), "its thread works on nothing any more"
    with pytest.raises(Cancelled, match="read nothing of the answer for 0 s"):
        await _all(stream)


async def test_failing_what_is_under_way_reaches_every_consumer_after_its_items(threads):
    gate = threading.Event()

    def waits(cancelled):
        yield 1
        while not cancelled():
            gate.wait(0.001)

    streams = [threads.stream(waits) for _ in range(3)]
    assert [await anext(stream) for stream in streams] == [1, 1, 1]
    threads.fail(ValueError("the end"))
    for stream in streams:
        with pytest.raises(ValueError, match="the end"):
            await anext(stream)
    assert threads.active == 0


async def test_who_is_refused_is_told_when_to_come_again():
    threads = RequestThreads(max_requests=1)
    first = threads.stream(lambda _: _count(100))
    await anext(first)
    with pytest.raises(Overloaded) as refused:
        await anext(threads.stream(lambda _: _count(1)))
    assert refused.value.as_dict()["retry_after_s"] == pytest.approx(1.0)
    await first.aclose()
    threads.close()
