"""Errands: what is asked of the voices' store, on threads apart: a volume that hangs holds whoever asks.

Who waits gives up, and goes on; the thread cannot be ended, and stays until the store answers. So there are
only so many of them, and none more for what one of them is stuck at already.
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
"""Unless a deployment says otherwise: a volume answers in milliseconds, and no hiccup takes so long."""
_MOST_AT_ONCE = 32
"""A volume answers in a millisecond: so many at once wait for nothing but one that hangs."""
_RETRY_AFTER_S = 10.0
"""What hangs may answer again in a while."""


class Errands:
    """Asks a store, and gives up what has not got on for ``limit_s``: there is no limit on what gets on."""

    def __init__(self, limit_s: float = LIMIT_S, most: int = _MOST_AT_ONCE) -> None:
        self.limit_s = limit_s
        self._most = most
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._under_way: set[_Errand[Any]] = set()

    @property
    def stuck(self) -> int:
        """How many threads are held by the store, which has not answered them within the limit."""
        return sum(errand.idle_s >= self.limit_s for errand in self._all())

    @property
    def is_blocked(self) -> bool:
        """Whether nothing more can be asked, because all threads are held."""
        return self.stuck >= self._most

    def run(self, about: Hashable, work: Callable[[], T], patience_s: float | None = None) -> T:
        """Return what ``work`` does, on this thread's behalf; raises what it raises, and ``StoreFailure``.

        ``about`` says what is asked: where another errand about it is stuck, this one fails at once.
        ``patience_s`` may be less than the limit.
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
        """Do the same for an event loop; raises ``Overloaded`` where there is no room."""
        errand = self._begin_now(about, work)
        answer = asyncio.wrap_future(errand.future)
        try:
            while not answer.done():
                if (left := self.limit_s - errand.idle_s) <= 0:
                    raise self.silence()
                await asyncio.wait({answer}, timeout=left)
            return answer.result()
        finally:
            answer.cancel()  # it may come when nobody waits, and the loop has ended

    def start(self, about: Hashable, work: Callable[[], T]) -> Future[T]:
        """Do the same for somebody who looks at it later; raises ``Overloaded`` likewise."""
        return self._begin_now(about, work).future

    def silence(self, seconds: float | None = None) -> StoreFailure:
        """Return the error that says so."""
        return StoreFailure(
            f"The voices' store has not answered for {seconds or self.limit_s:g} s: its volume hangs. "
            "Try again later.",
            retry_after_s=_RETRY_AFTER_S,
        )

    def _begin_now(self, about: Hashable, work: Callable[[], T]) -> "_Errand[T]":
        self._check(about, self.limit_s)
        if not self._room.acquire(blocking=False):
            raise Overloaded(
                f"The voices' store is asked {self._most} things at once: try again in a few seconds."
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
            raise Overloaded("This worker has no thread left to ask the voices' store by.") from error
        return errand

    def _ended(self, errand: "_Errand[Any]") -> None:
        with self._lock:
            self._under_way.discard(errand)
        self._room.release()

    def _all(self) -> "list[_Errand[Any]]":
        with self._lock:
            return list(self._under_way)


class _Errand(Generic[T]):
    """One of them, on its thread."""

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
        """How long ago the store was last known to answer."""
        return time.monotonic() - self._got_on_at

    def start(self) -> None:
        """Begin; the thread holds no exit up, since it may never end."""
        self.future.set_running_or_notify_cancel()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), name="errand", daemon=True).start()

    def _run(self) -> None:
        try:
            with watched_by(self._got_on):
                done = self._work()
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits
            self._ended(self)
            self.future.set_exception(error)
        else:
            self._ended(self)
            self.future.set_result(done)

    def _got_on(self) -> None:
        self._got_on_at = time.monotonic()
