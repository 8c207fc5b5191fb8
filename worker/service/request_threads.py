"""One thread per request: the request's generator runs there, its consumer reads on an event loop."""

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from copy import copy
from typing import Any, Generic, TypeVar

from worker.engine.base import Engine, IsCancelled
from worker.engine.machine import free_memory
from worker.errors import Cancelled, Overloaded
from worker.settings import MEBIBYTE

log = logging.getLogger(__name__)

T = TypeVar("T")

_READ_AHEAD = 3
"""Upper bound for the items that a consumer has not read: back-pressure keeps a slow one out of memory."""

_NEWEST = 0.2
"""Weight of the newest request in the mean duration."""
_SOONEST_S, _LATEST_S = 1.0, 30.0
"""Bounds of ``retry_after_s`` for a refused request."""


_BYTES_A_REQUEST = 24 * MEBIBYTE
"""A streamed MP3 took 4 MiB when measured; a result of ``MAX_RESULT_MB`` is held whole, briefly twice."""
_SHARE_OF_FREE_MEMORY = 0.5


def requests_at_once(engine: Engine, free_host_bytes: int | None = None) -> int:
    """Return how many requests fit into the memory of the engine's device and of this container."""
    free = free_memory() if free_host_bytes is None else free_host_bytes
    in_host = int(free * _SHARE_OF_FREE_MEMORY / _BYTES_A_REQUEST)
    count = max(min(engine.capacity, in_host), 1)
    log.info(
        "%d requests at once: the engine has memory for %d, %d MB free in the container allow %d",
        count, engine.capacity, free // MEBIBYTE, in_host,
    )  # fmt: skip
    return count


class RequestThreads:
    """Runs up to ``max_requests`` generators at once; cancels a client stalled for ``stall_seconds``.

    Threads suffice, because a request encodes and waits: both release the GIL.
    """

    def __init__(self, max_requests: int, stall_seconds: float = 60.0) -> None:
        self._max_requests = max_requests
        self._stall_seconds = stall_seconds
        self._mean_seconds = 0.0
        self._work: set[_Work[Any]] = set()

    @property
    def active(self) -> int:
        """Number of requests in progress, without those that wait for their clients' text."""
        return sum(not work.is_idle for work in list(self._work))

    async def stream(
        self, start: Callable[[IsCancelled], Iterator[T]], is_idle: Callable[[], bool] | None = None
    ) -> AsyncGenerator[T]:
        """Run the generator that ``start`` returns on a thread of its own; yield its items.

        If the consumer stops early or is cancelled, the generator is closed before its next step. ``start``
        receives a function by which a long step can check for that. Raises the generator's errors,
        ``Overloaded``, and ``Cancelled`` for a stalled consumer. ``is_idle`` returns whether the generator
        waits for its client; meanwhile it does not count towards ``max_requests``.
        """
        if self.active >= self._max_requests:
            raise Overloaded(
                f"The worker has {self.active} requests, its limit: try again in a few seconds.",
                retry_after_s=self._free_again_s(),
            )
        work: _Work[T] = _Work(start, self._stall_seconds, is_idle or _never)
        self._work.add(work)
        began = time.monotonic()
        try:
            work.thread.start()
            while (item := await work.next_item()) is not None:
                yield item
        finally:
            work.abandon()
            self._work.discard(work)
            if is_idle is None:  # else most of the time may be the client's
                self._mean_seconds += _NEWEST * (time.monotonic() - began - self._mean_seconds)

    def fail(self, error: Exception) -> None:
        """End all requests: each consumer gets ``error`` after the items already made. Thread-safe."""
        for work in list(self._work):
            work.fail(copy(error))  # each consumer that raises it adds its own traceback

    def close(self) -> None:
        """Abandon all requests and wait until their threads have ended."""
        for work in list(self._work):
            work.abandon()
            if work.thread.ident is not None:
                work.thread.join()

    def _free_again_s(self) -> float:
        """Estimate in how many seconds a request will end."""
        return round(min(max(self._mean_seconds / self._max_requests, _SOONEST_S), _LATEST_S), 1)


def _never() -> bool:
    return False


class _Work(Generic[T]):
    """A generator on its thread, ahead of its consumer by a few items."""

    def __init__(
        self,
        start: Callable[[IsCancelled], Iterator[T]],
        stall_seconds: float,
        is_idle: Callable[[], bool],
    ) -> None:
        self._awaits_client = is_idle
        self._is_read_up = True
        self.thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name="request", daemon=True
        )
        self._start = start
        self._stall_seconds = stall_seconds
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
        self._abandoned = threading.Event()
        self._room = threading.Semaphore(_READ_AHEAD)

    @property
    def is_idle(self) -> bool:
        """Whether the generator waits for its client, who has read all items: none of them may be lost."""
        return self._is_read_up and self._awaits_client()

    async def next_item(self) -> T | None:
        """Return the next item, or None after the last one; raises the generator's error."""
        self._is_read_up = self._items.empty()
        item = await self._items.get()
        self._is_read_up = False
        if isinstance(item, BaseException):
            raise item
        self._room.release()
        return item

    def abandon(self) -> None:
        """Stop the work: the consumer no longer reads."""
        self._abandoned.set()
        self._room.release()

    def fail(self, error: Exception) -> None:
        """Deliver ``error`` as the next item, and stop the work."""
        self._deliver(error)
        self.abandon()

    def _run(self) -> None:
        work: Iterator[T] | None = None
        try:
            work = self._start(self._abandoned.is_set)
            for item in work:
                self._wait_for_room()
                if self._abandoned.is_set():
                    break
                self._deliver(item)
            self._deliver(Cancelled("The request was cancelled.") if self._abandoned.is_set() else None)
        except BaseException as error:  # noqa: BLE001  # it belongs to the request, not to this thread
            self._deliver(error)
        finally:
            if (close := getattr(work, "close", None)) is not None:
                close()

    def _wait_for_room(self) -> None:
        if not self._room.acquire(timeout=self._stall_seconds):
            raise Cancelled(f"The client read nothing of the answer for {self._stall_seconds:.0f} s.")

    def _deliver(self, item: T | BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:  # the event loop has ended, and the consumer with it
            self._abandoned.set()
