"""A thread a request: its generator works there, and its consumer reads on an event loop."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, TypeVar

from worker.engine.base import IsCancelled
from worker.errors import Cancelled, Overloaded

T = TypeVar("T")

_READ_AHEAD = 8
"""Items that a request may be ahead of its consumer: a slow one is no burden to memory."""


class RequestThreads:
    """Runs up to ``max_requests`` generators at once.

    Threads, because what they do is encoding and waiting: both let the others run.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._work: set[_Work[Any]] = set()

    @property
    def active(self) -> int:
        """How many requests are under way."""
        return len(self._work)

    async def stream(self, start: Callable[[IsCancelled], Iterator[T]]) -> AsyncIterator[T]:
        """Run the generator that ``start`` makes, on a thread of its own; yield what it yields.

        Leaving early, or being cancelled, closes the generator before its next step; ``start``
        gets a function by which a long step can notice that too. Raises what the generator
        raises, and ``Overloaded``.
        """
        if self.active >= self._max_requests:
            raise Overloaded("The worker has as many requests as it can hold: try again in a few seconds.")
        work: _Work[T] = _Work(start)
        self._work.add(work)
        work.thread.start()
        try:
            while (item := await work.next_item()) is not None:
                yield item
        finally:
            work.abandon()
            self._work.discard(work)

    def close(self) -> None:
        """Abandon what is under way and wait until it has noticed."""
        for work in list(self._work):
            work.abandon()
            work.thread.join()


class _Work(Generic[T]):
    """A generator on its thread, ahead of its consumer by a few items."""

    def __init__(self, start: Callable[[IsCancelled], Iterator[T]]) -> None:
        self.thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name="request", daemon=True
        )
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
        self._abandoned = threading.Event()
        self._room = threading.Semaphore(_READ_AHEAD)

    async def next_item(self) -> T | None:
        """Wait for the next item on the event loop; None after the last; raises what the work raised."""
        item = await self._items.get()
        if isinstance(item, BaseException):
            raise item
        self._room.release()
        return item

    def abandon(self) -> None:
        """Say that nobody reads any more."""
        self._abandoned.set()
        self._room.release()

    def _run(self) -> None:
        work: Iterator[T] | None = None
        try:
            work = self._start(self._abandoned.is_set)
            for item in work:
                self._room.acquire()
                if self._abandoned.is_set():
                    break
                self._deliver(item)
            self._deliver(Cancelled("The request was given up.") if self._abandoned.is_set() else None)
        except BaseException as error:  # noqa: BLE001  # it belongs to the request, not to this thread
            self._deliver(error)
        finally:
            if (close := getattr(work, "close", None)) is not None:
                close()

    def _deliver(self, item: T | BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:  # the loop has ended, and with it whoever would read
            self._abandoned.set()
