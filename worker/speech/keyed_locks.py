"""One lock per key, removed when it is no longer used."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class KeyedLocks:
    """Lets one thread at a time work on a key, while other threads work on other keys."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Hold the lock of ``key``."""
        with self._guard:
            lock = self._locks.setdefault(key, _Lock())
        with lock.held:
            yield


class _Lock:
    """A lock that supports weak references."""

    def __init__(self) -> None:
        self.held = threading.Lock()
