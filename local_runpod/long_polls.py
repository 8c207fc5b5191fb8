"""Long polls: requests that wait until the queue changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class LongPolls:
    """Wakes every long poll after a change; each one then checks whether the change concerns it.

    One event loop.
    """

    def __init__(self) -> None:
        # A dict keeps the order of arrival: the poll that has waited longest checks first.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._is_closed = False

    def wake(self) -> None:
        """Let every poll check again."""
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """End every poll now and from now on, so that a worker that is shutting down can end."""
        self._is_closed = True
        self.wake()

    async def wait_for(self, look: Callable[[], Found], timeout_s: float) -> Found:
        """Call `look` after every change until its result is truthy or time is up; return the result."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not (found := look()):
            remaining = deadline - loop.time()
            if remaining <= 0 or self._is_closed:
                break
            await self._sleep(remaining)
        return found

    async def _sleep(self, timeout_s: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        try:
            await asyncio.wait([waiter], timeout=timeout_s)
        finally:
            self._waiting.pop(waiter, None)
