"""Warm-up on a GPU: speak before there are requests, so that their CUDA graphs are captured already."""

import threading
from collections.abc import Callable

from worker.errors import EngineFailure

FIRST_STREAMS = 1
LATER_STREAMS = (2, 4, 8)
"""Numbers of concurrent streams; each has its own graphs."""

_PAUSE_SECONDS = 0.2


class WarmUp:
    """Captures for one stream before the engine is ready, and for several while it has no requests.

    ``speak`` speaks a number of concurrent streams to their end. ``is_idle`` returns whether the engine has
    no requests. A request that needs a graph before the warm-up has captured it waits for the capture.
    """

    def __init__(self, speak: Callable[[int], None], is_idle: Callable[[], bool]) -> None:
        self._speak = speak
        self._is_idle = is_idle

    def begin(self) -> None:
        """Speak one stream now, and the later numbers on a thread, each when the model is idle."""
        self._speak(FIRST_STREAMS)
        threading.Thread(target=self.go_on, name="warm-up", daemon=True).start()

    def go_on(self) -> None:
        """Speak the later numbers; ends early when the engine is closed or fails."""
        pause = threading.Event()
        try:
            for count in LATER_STREAMS:
                while not self._is_idle():
                    pause.wait(_PAUSE_SECONDS)
                self._speak(count)
        except EngineFailure:
            return
