"""Detects an engine that is stuck or has failed: its requests fail, and the worker is replaced."""

import logging
import threading
import time
from collections.abc import Callable

from worker.engine.base import Pulse
from worker.errors import EngineFailure, EngineStuck

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 1.0
_LATE_LOOKS = 2
"""A look that is later by so many periods means that the process was stopped, or the machine frozen."""
REPLACED_AFTER_S = 10.0
"""``retry_after_s`` of the error: the time in which another worker should be ready."""


class Watchdog:
    """Checks a pulse from a thread of its own, and calls ``on_failure`` once on that thread.

    ``limit_seconds`` is the timeout for one step; 0 turns it off.
    """

    def __init__(
        self,
        pulse: Pulse,
        limit_seconds: float,
        on_failure: Callable[[EngineFailure], None],
        look_every_seconds: float = _LOOK_EVERY_SECONDS,
    ) -> None:
        self._pulse = pulse
        self._limit_seconds = limit_seconds
        self._on_failure = on_failure
        self._look_every_seconds = look_every_seconds
        self._woke_at = time.monotonic()
        """Earlier steps count from this time: time in which the process did not run is not theirs."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the checks."""
        self._closed.set()

    def _watch(self) -> None:
        looked_at = self._woke_at
        while not self._closed.wait(self._look_every_seconds):
            before, looked_at = looked_at, time.monotonic()
            if looked_at - before > (1 + _LATE_LOOKS) * self._look_every_seconds:
                self._woke_at = looked_at
            if (failure := self._failure()) is not None:
                log.critical("the engine has failed for good: %s", failure.message)
                self._on_failure(failure)
                return

    def _failure(self) -> EngineFailure | None:
        if self._pulse.failure is not None:
            return self._pulse.failure
        seconds = min(self._pulse.longest_step_seconds, time.monotonic() - self._woke_at)
        if not 0 < self._limit_seconds < seconds:
            return None
        return EngineStuck(
            f"The engine has made no progress for {seconds:.0f} s: its worker is being replaced. "
            "Send the request again.",
            retry_after_s=REPLACED_AFTER_S,
        )
