"""A lock for each key, there while somebody wants it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class KeyedLocks:
    """Lets one thread at a time work on a key, and others work on other keys."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Hold the key's lock."""
        with self._guard:
            lock = self._locks.setdefault(key, _Lock())
        with lock.held:
            yield


class _Lock:
    """A lock that can be referred to weakly."""

    def __init__(self) -> None:
        self.held = threading.Lock()
