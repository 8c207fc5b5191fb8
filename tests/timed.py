"""Things that happen beside a test."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def after(seconds: float, do: Callable[[], object]) -> Iterator[None]:
    """Do something on another thread in so many seconds; the block ends once it is done."""
    timer = threading.Timer(seconds, do)
    timer.start()
    try:
        yield
    finally:
        timer.join()
