"""Whether an engine gets on: how long it has been at what it does now, and whether it is beyond help."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from worker.errors import EngineFailure


class Pulse:
    """An engine's threads beat it around each step; a watchdog listens."""

    def __init__(self) -> None:
        self._began: dict[int, float] = {}
        self._failure: EngineFailure | None = None

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Do one step, on whichever thread this is."""
        thread = threading.get_ident()
        self._began[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._began[thread]

    @property
    def longest_step_seconds(self) -> float:
        """How long the oldest of the steps under way has taken; 0 while there is none."""
        now = time.monotonic()
        return max((now - began for began in list(self._began.values())), default=0.0)

    @property
    def failure(self) -> EngineFailure | None:
        """Why the engine can do nothing more, if so."""
        return self._failure

    def stop(self, failure: EngineFailure) -> None:
        """Say that the engine can do nothing more in this process; the first reason stays."""
        self._failure = self._failure or failure
