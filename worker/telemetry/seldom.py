"""A rate limit for log records that anonymous clients can cause: they must not fill the disk."""

import logging
import time
from collections.abc import Callable

from typing_extensions import override

_MOST, _WITHIN_S = 10, 60.0


class Seldom(logging.Filter):
    """Passes each kind of record, by its message without arguments, at most ten times a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._since = clock()
        self._seen: dict[object, int] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if self._clock() - self._since > _WITHIN_S:
            self._since = self._clock()
            self._seen.clear()
        seen = self._seen[record.msg] = self._seen.get(record.msg, 0) + 1
        return seen <= _MOST
