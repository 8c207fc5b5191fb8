"""Speak before anybody listens: on a GPU the graphs that requests need are captured then."""

import threading
from collections.abc import Callable

from worker.errors import EngineFailure

FIRST_STREAMS = 1
LATER_STREAMS = (2, 4, 8)
"""Streams at once, of which each number has graphs of its own."""

_PAUSE_SECONDS = 0.2


class WarmUp:
    """Captures for one stream before the engine is ready, and for several behind its traffic.

    ``speak`` speaks a number of streams at once, to their end. ``is_idle`` answers whether nobody
    else is being spoken to. What is needed sooner than it is warm is captured then: a request waits.
    """

    def __init__(self, speak: Callable[[int], None], is_idle: Callable[[], bool]) -> None:
        self._speak = speak
        self._is_idle = is_idle

    def begin(self) -> None:
        """Speak one stream now, and more on a thread, each number once the model has nothing to do."""
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
