"""Pieces of work done one after the other, all of which can be dropped at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from worker.errors import Overloaded

Work = Callable[[], Coroutine[Any, Any, None]]

_MAX_WAITING = 32


class InOrder:
    """What one connection has asked for and not got yet."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, Work]] = deque()
        self._something = asyncio.Event()
        self._current: tuple[str, asyncio.Task[None]] | None = None

    def add(self, name: str, work: Work) -> None:
        """Have something done after what waits already; raises ``Overloaded``."""
        if len(self._waiting) >= _MAX_WAITING:
            raise Overloaded(f"This connection has {_MAX_WAITING} requests waiting: let some be spoken.")
        self._waiting.append((name, work))
        self._something.set()

    async def run(self) -> None:
        """Do what comes, for ever; raises what a piece of work raises."""
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            name, work = self._waiting.popleft()
            task = asyncio.create_task(work())
            self._current = name, task
            await asyncio.wait({task})
            self._current = None
            if not task.cancelled():
                task.result()

    async def drop(self) -> list[str]:
        """Drop everything, and return the names once nothing more of it happens; the first was under way."""
        dropped = [name for name, _ in self._waiting]
        self._waiting.clear()
        if self._current is not None:
            name, task = self._current
            dropped.insert(0, name)
            task.cancel()
            await asyncio.wait({task})
        return dropped
