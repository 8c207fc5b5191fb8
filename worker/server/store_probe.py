"""A non-blocking probe of the voices' store, for the worker's health."""

import time
from typing import TYPE_CHECKING

from voices.errors import StoreFailure
from voices.library import VoiceLibrary
from worker.speech.errands import Errands

if TYPE_CHECKING:
    from concurrent.futures import Future

_CHECK_EVERY_S = 5.0


class StoreProbe:
    """Checks the store on request, in a separate thread and at most once in five seconds."""

    def __init__(self, library: VoiceLibrary, limit_s: float, every_s: float = _CHECK_EVERY_S) -> None:
        self._library = library
        self._errands = Errands(limit_s, most=1)
        self._every_s = every_s
        self._look: Future[None] | None = None
        self._began_at = 0.0
        self._found: StoreFailure | None = None

    def failure(self) -> StoreFailure | None:
        """Return the last check's failure, or None, at once; may start the next check."""
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
