"""The inference thread: the one that owns the model, shared fairly by all requests."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, TypeVar

from worker.engine.base import IsCancelled
from worker.errors import Overloaded

T = TypeVar("T")

_READ_AHEAD = 8
"""Items that a task may be ahead of its consumer: a slow one is no burden to memory."""


class InferenceThread:
    """Advances many generators on one thread, a step each in turn."""

    def __init__(self, max_tasks: int) -> None:
        self._max_tasks = max_tasks
        self._ready: queue.SimpleQueue[_Task[Any] | None] = queue.SimpleQueue()
        self._tasks: set[_Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    @property
    def active(self) -> int:
        """How many tasks are under way or waiting."""
        return len(self._tasks)

    async def stream(self, start: Callable[[IsCancelled], Iterator[T]]) -> AsyncIterator[T]:
        """Run the generator that ``start`` makes, on the inference thread; yield what it yields.

        Leaving early, or being cancelled, closes the generator before its next step; ``start``
        gets a function by which a long step can notice that too. Raises what the generator
        raises, and ``Overloaded``.
        """
        if self.active >= self._max_tasks:
            raise Overloaded("The worker has as many requests as it can hold: try again in a few seconds.")
        task: _Task[T] = _Task(start, self._ready.put)
        self._tasks.add(task)
        self._ready.put(task)
        try:
            while (item := await task.next_item()) is not None:
                yield item
        finally:
            self._tasks.discard(task)
            task.abandon()

    def close(self) -> None:
        """End the thread once the tasks before this call have had their turn."""
        self._ready.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (task := self._ready.get()) is not None:
            if task.advance():
                self._ready.put(task)


class _Task(Generic[T]):
    """A generator on its way: stepped on the inference thread, read on an event loop."""

    def __init__(
        self, start: Callable[[IsCancelled], Iterator[T]], resume: "Callable[[_Task[T]], None]"
    ) -> None:
        self._start = start
        self._resume = resume
        self._work: Iterator[T] | None = None
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
        self._abandoned = threading.Event()
        self._lock = threading.Lock()
        self._ahead = 0
        self._parked = False

    def advance(self) -> bool:
        """Take one step on the inference thread; answer whether the next can follow at once."""
        if self._abandoned.is_set():
            self._close()
            return False
        try:
            if self._work is None:
                self._work = self._start(self._abandoned.is_set)
            item = next(self._work)
        except StopIteration:
            self._deliver(None)
            return False
        except BaseException as error:  # noqa: BLE001  # it belongs to the request, not to this thread
            self._deliver(error)
            return False
        self._deliver(item)
        with self._lock:
            self._ahead += 1
            self._parked = self._ahead >= _READ_AHEAD and not self._abandoned.is_set()
            return not self._parked

    async def next_item(self) -> T | None:
        """Wait for the next item on the event loop; None after the last; raises what the work raised."""
        item = await self._items.get()
        if isinstance(item, BaseException):
            raise item
        self._unpark(consumed=1)
        return item

    def abandon(self) -> None:
        """Say on the event loop that nobody reads any more."""
        self._abandoned.set()
        self._unpark(consumed=0)

    def _unpark(self, consumed: int) -> None:
        with self._lock:
            self._ahead -= consumed
            parked, self._parked = self._parked, False
        if parked:
            self._resume(self)

    def _close(self) -> None:
        work, self._work = self._work, None
        if work is not None and (close := getattr(work, "close", None)) is not None:
            close()

    def _deliver(self, item: T | BaseException | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
