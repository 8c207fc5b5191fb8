"""Giving way: whose listener has plenty to play lets those go first whose listener has nothing.

Requests share the processor. One that is read slowly is spoken ahead as far as buffers on its way hold, which
may be minutes; many of them at once would have everybody else wait.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from worker.playback import Playback

_PLENTY_S = 2.0
_NOTHING_S = 1.5
_LONGEST_WAIT_S = 0.5
"""For each block: whoever wants it all soon, and has nobody listening, still gets on."""
_LOOK_EVERY_S = 0.01


class Turns:
    """The listeners for whom something is being made right now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Playback] = set()

    @contextmanager
    def listening(self, playback: Playback) -> Iterator[None]:
        """Count a listener within the block, in which something is made for them."""
        with self._lock:
            self._listeners.add(playback)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(playback)

    def give_way(self, playback: Playback) -> None:
        """Wait a little, if this listener has plenty and another has nothing."""
        until = time.monotonic() + _LONGEST_WAIT_S
        while playback.buffered_seconds > _PLENTY_S and self._somebody_waits() and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)

    def _somebody_waits(self) -> bool:
        with self._lock:
            return any(each.buffered_seconds < _NOTHING_S for each in self._listeners)
