"""uvicorn's server with an orderly end: no more requests, and speech in progress may be finished."""

import asyncio
import contextlib
import ctypes
import signal
import sys
import time
from types import FrameType

import uvicorn
from typing_extensions import override

from worker.server.backend import Backend
from worker.service.outer_watchdog import OuterWatchdog

_TELLING_S = 2.0
"""What the last words may take on their way, once the grace is over."""
_LEAVING_S = 8.0
"""And what the process may take to end after that."""
_TICKS_BETWEEN_RETURNS = 100
"""Of uvicorn's, a tenth of a second each, from one return of free memory to the next."""


def return_free_pages() -> None:
    """Have glibc give back what it keeps of freed memory; elsewhere nothing."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


class PatientServer(uvicorn.Server):
    """Ends once its backend has nothing to do any more; uvicorn's own would close WebSockets at once.

    A second signal ends it without waiting. ``outer_watchdog`` begins once the engine is loaded: nobody can
    say how long that takes.
    """

    def __init__(
        self, config: uvicorn.Config, backend: Backend, outer_watchdog: OuterWatchdog | None = None
    ) -> None:
        super().__init__(config)
        self._backend = backend
        self._grace_s = backend.settings.shutdown_grace_s
        if outer_watchdog is not None:
            longest_s = self._grace_s + _TELLING_S + _LEAVING_S
            backend.on_ready = lambda: outer_watchdog.begin(told_to_end_s=longest_s)
        self._is_told = False
        self._told_at: float | None = None
        self._returning: asyncio.Future[None] | None = None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._is_told:
            super().handle_exit(sig, frame)
        self._captured_signals.append(signal.Signals(sig))
        self._is_told = True

    @override
    async def on_tick(self, counter: int) -> bool:
        if self._told_at is None and (self._is_told or self._backend.has_failed_for_good):
            self._told_at = time.monotonic()
            self._backend.end_within(self._grace_s)
        if counter % _TICKS_BETWEEN_RETURNS == 0 and (self._returning is None or self._returning.done()):
            # Else what a crowd took once stays with the process; nothing here waits for it.
            self._returning = asyncio.get_running_loop().run_in_executor(None, return_free_pages)
        return self._may_end() or await super().on_tick(counter)

    def _may_end(self) -> bool:
        if self._told_at is None:
            return False
        over = time.monotonic() - self._told_at > self._grace_s + _TELLING_S
        return over or not self._backend.active_requests
