"""A queue of work done in order, which can be cancelled as a whole."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from worker.errors import Overloaded

_MAX_WAITING = 32


@dataclass(frozen=True)
class Work:
    """One piece of work."""

    name: str
    do: Callable[[], Coroutine[Any, Any, None]]
    let_go: Callable[[], None]
    """Called once, when the work is done or dropped; releases what it held while it waited."""


class InOrder:
    """A connection's requests that are waiting or in progress."""

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._something = asyncio.Event()
        self._current: tuple[str, asyncio.Task[None]] | None = None

    def check_room(self) -> None:
        """Raise ``Overloaded`` if ``add`` would."""
        if len(self._waiting) >= _MAX_WAITING:
            raise Overloaded(
                f"This connection has {_MAX_WAITING} requests waiting: retry once some are spoken."
            )

    def add(self, work: Work) -> None:
        """Append to the queue; raises ``Overloaded`` if it is full."""
        self.check_room()
        self._waiting.append(work)
        self._something.set()

    async def run(self) -> None:
        """Do the work of the queue until cancelled; raises the error of failed work."""
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            work = self._waiting.popleft()
            task = asyncio.create_task(work.do())
            task.add_done_callback(lambda _, work=work: work.let_go())  # type: ignore[misc]
            self._current = work.name, task
            await asyncio.wait({task})
            self._current = None
            del work  # it references its text
            if not task.cancelled():
                task.result()

    async def drop(self) -> list[str]:
        """Cancel all work and wait for its end; return the names, that of the work in progress first."""
        dropped = [work.name for work in self._waiting]
        while self._waiting:
            self._waiting.popleft().let_go()
        if self._current is not None:
            name, task = self._current
            dropped.insert(0, name)
            task.cancel()
            await asyncio.wait({task})
        return dropped
