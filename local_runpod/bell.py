"""Waiting for the queue to change: what a long poll does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class Bell:
    """Wakes every long poll when something changed; each then looks whether it was meant. One event loop."""

    def __init__(self) -> None:
        # A dict keeps the order of arrival, so that the poll that waited longest looks first.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._is_closed = False

    def ring(self) -> None:
        """Let every poll look again."""
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Answer every poll now and from now on, so that a worker that was told to end can end."""
        self._is_closed = True
        self.ring()

    async def wait_for(self, look: Callable[[], Found], timeout_s: float) -> Found:
        """Look after every ring until something (not falsy) is found, or the time is over; return it."""
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
