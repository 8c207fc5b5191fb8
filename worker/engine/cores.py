"""Only the model's thread computes on all cores.

OpenMP gives each computing thread its own helper threads. Once these outnumber the cores, they sleep
between two operations, and waking them takes up to three times as long as a decode step computes (measured
on two cores). So all other threads compute on one core.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch

_ALL = torch.get_num_threads()
_MOST_THREADS = 8
"""Beyond this, memory bandwidth is the limit."""


def leave_the_cores_to_the_model() -> None:
    """Let this thread, and threads started from now on, compute on one core.

    Call it before any computation: helper threads are never ended.
    """
    torch.set_num_threads(1)


def take_all_cores() -> None:
    """Let this thread, and threads started from now on, compute on all cores."""
    # Without this call a thread takes the number that any thread set last when it first computes.
    torch.get_num_threads()
    torch.set_num_threads(_ALL)


@contextmanager
def threads_of_one_core() -> Iterator[Executor]:
    """Yield threads for independent work that compute on one core each."""
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(min(_ALL, _MOST_THREADS), "load", leave_the_cores_to_the_model) as threads:
            yield threads
    finally:
        torch.set_num_threads(before)
