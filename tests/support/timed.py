"""Events in the background of a test, and waiting for them."""

from __future__ import annotations

import threading
import time
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


def wait_until(is_so: Callable[[], object], seconds: float = 60) -> None:
    """Look again and again until something is so; fail where it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
