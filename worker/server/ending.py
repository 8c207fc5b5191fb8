"""uvicorn's server with a graceful shutdown: no new requests, a grace period for speech in progress."""

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

_LAST_EVENTS_S = 2.0
"""Seconds to deliver the last events after the grace period."""
_EXIT_S = 8.0
"""Seconds for the process to exit after that."""
_TICKS_BETWEEN_RETURNS = 100
"""Interval between two returns of free memory, in uvicorn's ticks of 0.1 s."""


def return_free_pages() -> None:
    """Return freed memory that glibc holds to the system; does nothing on other platforms."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


class PatientServer(uvicorn.Server):
    """Shuts down once its backend is idle; uvicorn's own server would close WebSockets at once.

    A second signal skips the wait. ``outer_watchdog`` begins once the engine is loaded, since the loading
    time has no upper bound.
    """

    def __init__(
        self, config: uvicorn.Config, backend: Backend, outer_watchdog: OuterWatchdog | None = None
    ) -> None:
        super().__init__(config)
        self._backend = backend
        self._grace_s = backend.settings.shutdown_grace_s
        if outer_watchdog is not None:
            longest_s = self._grace_s + _LAST_EVENTS_S + _EXIT_S
            backend.on_ready = lambda: outer_watchdog.begin(told_to_end_s=longest_s)
        self._is_signalled = False
        self._ending_since: float | None = None
        self._returning: asyncio.Future[None] | None = None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._is_signalled:
            super().handle_exit(sig, frame)
        self._captured_signals.append(signal.Signals(sig))
        self._is_signalled = True

    @override
    async def on_tick(self, counter: int) -> bool:
        if self._ending_since is None and (self._is_signalled or self._backend.has_failed_for_good):
            self._ending_since = time.monotonic()
            self._backend.end_within(self._grace_s)
        if counter % _TICKS_BETWEEN_RETURNS == 0 and (self._returning is None or self._returning.done()):
            # Otherwise the process keeps the memory of its load peak. The loop does not wait for the call.
            self._returning = asyncio.get_running_loop().run_in_executor(None, return_free_pages)
        return self._may_end() or await super().on_tick(counter)

    def _may_end(self) -> bool:
        if self._ending_since is None:
            return False
        over = time.monotonic() - self._ending_since > self._grace_s + _LAST_EVENTS_S
        return over or not self._backend.active_requests
