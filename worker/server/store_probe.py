"""Whether the voices' store answers, for whoever asks how the worker is: asking waits for nothing."""

import time
from typing import TYPE_CHECKING

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from worker.speech.errands import Errands

if TYPE_CHECKING:
    from concurrent.futures import Future

_LOOK_EVERY_S = 5.0


class StoreProbe:
    """Looks at the store, on a thread apart and not more often than every five seconds, when it is asked."""

    def __init__(self, library: VoiceLibrary, limit_s: float, every_s: float = _LOOK_EVERY_S) -> None:
        self._library = library
        self._errands = Errands(limit_s, most=1)
        self._every_s = every_s
        self._look: Future[None] | None = None
        self._began_at = 0.0
        self._found: StoreFailure | None = None

    def failure(self) -> StoreFailure | None:
        """Return why no voice can be read, if so, by the last look; it may begin the next."""
        if self._look is not None and self._look.done():
            error = self._look.exception()
            self._found = error if isinstance(error, StoreFailure) else None
        if self._errands.stuck:
            self._found = self._errands.silence()
        elif self._look is None or (self._look.done() and self._is_old):
            self._began_at = time.monotonic()
            self._look = self._errands.start("store", self._library.check)
        return self._found

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._began_at >= self._every_s
