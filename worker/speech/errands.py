"""Errands: blocking calls to the voices' store, run on threads of their own with a timeout.

A volume that hangs blocks the thread that reads it. The caller times out and goes on. The blocked thread
cannot be stopped, and stays until the store answers. So the number of threads is bounded, and a call about a
subject that already blocks a thread fails at once.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

from voices.errors import StoreFailure
from voices.stores.store import watched_by
from worker.errors import Overloaded

T = TypeVar("T")

LIMIT_S = 10.0
"""Default timeout: a volume answers in milliseconds, and no brief fault takes so long."""
_MOST_AT_ONCE = 32
"""Upper bound for threads. A volume answers in a millisecond: only one that hangs keeps so many busy."""
_RETRY_AFTER_S = 10.0
"""A volume that hangs may recover in this time."""


class Errands:
    """Runs calls to a store; a call times out after ``limit_s`` without progress, not in total."""

    def __init__(self, limit_s: float = LIMIT_S, most: int = _MOST_AT_ONCE) -> None:
        self.limit_s = limit_s
        self._most = most
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._under_way: set[_Errand[Any]] = set()

    @property
    def stuck(self) -> int:
        """Number of threads that have waited for the store for longer than the timeout."""
        return sum(errand.idle_s >= self.limit_s for errand in self._all())

    @property
    def is_blocked(self) -> bool:
        """Whether no call can be made, because all threads are stuck."""
        return self.stuck >= self._most

    def run(self, about: Hashable, work: Callable[[], T], patience_s: float | None = None) -> T:
        """Return the result of ``work``; raises its errors, and ``StoreFailure`` at the timeout.

        ``about`` is the call's subject: if another errand about it is stuck, this one fails at once.
        ``patience_s`` is a shorter timeout.
        """
        patience_s = self.limit_s if patience_s is None else min(patience_s, self.limit_s)
        self._check(about, patience_s)
        if not self._room.acquire(timeout=patience_s):
            raise self.silence(patience_s)
        errand = self._begin(about, work)
        while not errand.future.done():
            if (left := patience_s - errand.idle_s) <= 0:
                raise self.silence(patience_s)
            wait([errand.future], left)
        return errand.future.result()

    async def ask(self, about: Hashable, work: Callable[[], T]) -> T:
        """Do the same as ``run`` for an event loop; raises ``Overloaded`` if no thread is free."""
        errand = self._begin_now(about, work)
        answer = asyncio.wrap_future(errand.future)
        try:
            while not answer.done():
                if (left := self.limit_s - errand.idle_s) <= 0:
                    raise self.silence()
                await asyncio.wait({answer}, timeout=left)
            return answer.result()
        finally:
            answer.cancel()  # the store may answer after the timeout, when the loop has ended

    def start(self, about: Hashable, work: Callable[[], T]) -> Future[T]:
        """Return a future of the result, without a timeout; raises ``Overloaded`` if no thread is free."""
        return self._begin_now(about, work).future

    def silence(self, seconds: float | None = None) -> StoreFailure:
        """Return the error of a timeout."""
        return StoreFailure(
            f"The voices' store has not answered for {seconds or self.limit_s:g} s: its volume hangs. "
            "Try again later.",
            retry_after_s=_RETRY_AFTER_S,
        )

    def _begin_now(self, about: Hashable, work: Callable[[], T]) -> "_Errand[T]":
        self._check(about, self.limit_s)
        if not self._room.acquire(blocking=False):
            raise Overloaded(
                f"The voices' store has {self._most} calls in progress: try again in a few seconds."
            )
        return self._begin(about, work)

    def _check(self, about: Hashable, patience_s: float) -> None:
        is_stuck = any(each.about == about and each.idle_s >= patience_s for each in self._all())
        if is_stuck or self.is_blocked:
            raise self.silence(patience_s)

    def _begin(self, about: Hashable, work: Callable[[], T]) -> "_Errand[T]":
        errand = _Errand(about, work, self._ended)
        with self._lock:
            self._under_way.add(errand)
        try:
            errand.start()
        except RuntimeError as error:  # no thread can be started
            self._ended(errand)
            raise Overloaded("This worker has no thread left for the voices' store.") from error
        return errand

    def _ended(self, errand: "_Errand[Any]") -> None:
        with self._lock:
            self._under_way.discard(errand)
        self._room.release()

    def _all(self) -> "list[_Errand[Any]]":
        with self._lock:
            return list(self._under_way)


class _Errand(Generic[T]):
    """One call, on its thread."""

    def __init__(
        self, about: Hashable, work: Callable[[], T], ended: Callable[["_Errand[Any]"], None]
    ) -> None:
        self.about = about
        self.future: Future[T] = Future()
        self._work = work
        self._ended = ended
        self._got_on_at = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the store last made progress."""
        return time.monotonic() - self._got_on_at

    def start(self) -> None:
        """Begin, on a daemon thread: a stuck call must not block the process's exit."""
        self.future.set_running_or_notify_cancel()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), name="errand", daemon=True).start()

    def _run(self) -> None:
        try:
            with watched_by(self._got_on):
                done = self._work()
        except BaseException as error:  # noqa: BLE001  # the future's reader gets it
            self._ended(self)
            self.future.set_exception(error)
        else:
            self._ended(self)
            self.future.set_result(done)

    def _got_on(self) -> None:
        self._got_on_at = time.monotonic()
