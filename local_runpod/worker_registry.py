"""The workers that are known, by their latest requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FORGET_AFTER_S = 30.0
"""Three of the SDK's ping intervals: a worker silent for longer counts as gone."""


class WorkerRegistry:
    """The workers of one endpoint. May be read from another thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_heard: dict[str, float] = {}
        self._ready: set[str] = set()
        self._unhealthy: dict[str, str] = {}

    def heard(self, worker_id: str) -> None:
        """Record a sign of life."""
        self._last_heard[worker_id] = self._clock()

    def polled(self, worker_id: str) -> None:
        """Record that a worker asked for a job: it has finished starting."""
        self.heard(worker_id)
        self._ready.add(worker_id)

    def reported_unhealthy(self, worker_id: str, reason: str) -> None:
        """Record that a worker's own start-up check failed."""
        self.heard(worker_id)
        self._unhealthy[worker_id] = reason

    def left(self, worker_id: str) -> None:
        """Forget a worker whose process has ended."""
        self._last_heard.pop(worker_id, None)
        self._ready.discard(worker_id)
        self._unhealthy.pop(worker_id, None)

    def is_ready(self, worker_id: str) -> bool:
        """Whether the worker has asked for a job."""
        return worker_id in self._ready

    def counts(self, busy: set[str]) -> dict[str, int]:
        """Return the number of workers in each state, by the hosted API's names."""
        self._forget_silent()
        known = set(self._last_heard)
        unhealthy = known & set(self._unhealthy)
        ready = (known & self._ready) - unhealthy
        return {
            "idle": len(ready - busy),
            "initializing": len(known - ready - unhealthy),
            "ready": len(ready),
            "running": len(ready & busy),
            "throttled": 0,
            "unhealthy": len(unhealthy),
        }

    def _forget_silent(self) -> None:
        horizon = self._clock() - FORGET_AFTER_S
        for worker_id in [name for name, heard in self._last_heard.items() if heard < horizon]:
            self.left(worker_id)
